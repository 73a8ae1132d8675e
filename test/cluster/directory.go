package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// directory is where one cluster keeps everything that it has.
type directory string

func newDirectory(path string) (directory, error) {
	if path == "" {
		return "", errors.New("a cluster needs a directory to keep its state in")
	}
	path, err := filepath.Abs(path)
	return directory(path), err
}

func (d directory) kubeconfig() string        { return filepath.Join(string(d), "kubeconfig") }
func (d directory) bin() string               { return filepath.Join(string(d), "bin") }
func (d directory) logs() string              { return filepath.Join(string(d), "logs") }
func (d directory) state(name string) string  { return filepath.Join(string(d), "state", name) }
func (d directory) log(program string) string { return filepath.Join(d.logs(), program+".log") }

// create makes the directories of a new cluster, without anything that an
// earlier one could not remove because it was killed.
func (d directory) create() error {
	if err := d.clear(); err != nil {
		return err
	}
	for _, dir := range []string{d.bin(), d.logs(), d.state("")} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
	}
	return nil
}

// clear removes what a cluster has made, except for its logs.
func (d directory) clear() error {
	return errors.Join(d.removeKubeconfig(), os.RemoveAll(d.bin()), os.RemoveAll(d.state("")))
}

// removeKubeconfig removes what tells others that the cluster is ready.
func (d directory) removeKubeconfig() error {
	err := os.Remove(d.kubeconfig())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
