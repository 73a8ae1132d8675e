package objectservers

import (
	"crypto/rand"
	"os"
	"path/filepath"
)

// WriteSecret writes the files of a Secret into a folder as the kubelet mounts it: they are links into a folder that is replaced
// as a whole. It may be called again, with other contents of the same files.
func WriteSecret(folder string, files map[string]string) error {
	version := filepath.Join(folder, "..version-"+rand.Text())
	if err := os.Mkdir(version, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(version, name), []byte(content), 0o600); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	link := filepath.Join(folder, "..data_tmp")
	if err := os.Symlink(filepath.Base(version), link); err != nil {
		return err
	}
	return os.Rename(link, filepath.Join(folder, "..data"))
}
