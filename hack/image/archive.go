package image

import (
	"archive/tar"
	"bytes"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// archive is a tar of the files and the folders above them, without times, so that the
// same files always give the same image.
func archive(files map[string]string) ([]byte, error) {
	var buffer bytes.Buffer
	writer := &archiver{tar: tar.NewWriter(&buffer), folders: map[string]bool{}}
	for _, target := range slices.Sorted(maps.Keys(files)) {
		if err := writer.add(target, files[target]); err != nil {
			return nil, err
		}
	}
	if err := writer.tar.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

type archiver struct {
	tar     *tar.Writer
	folders map[string]bool
}

func (a *archiver) add(target, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return a.addFile(target, source, info)
	}
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := a.add(path.Join(target, entry.Name()), filepath.Join(source, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (a *archiver) addFile(target, source string, info os.FileInfo) error {
	if err := a.addFolder(path.Dir(target)); err != nil {
		return err
	}
	// Readable for whatever user the pod runs as, executable if it is here. What else
	// the mode says depends on who checked the file out.
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(target, "/"), Mode: mode, Size: info.Size()}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(a.tar, file)
	return err
}

func (a *archiver) addFolder(folder string) error {
	if folder == "/" || folder == "." || a.folders[folder] {
		return nil
	}
	if err := a.addFolder(path.Dir(folder)); err != nil {
		return err
	}
	a.folders[folder] = true
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(folder, "/") + "/", Mode: 0o755})
}
