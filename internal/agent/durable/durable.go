package durable

import (
	"errors"
	"os"
	"path"

	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// stage is the folder for what is not finished. A crash leaves it behind.
const stage = datadir.Agent + "/stage"

// Stage returns the path of a file or folder that is not finished, and makes sure that it is not
// there and its parent is. There is one of each name at a time.
func Stage(root *os.Root, name string) (string, error) {
	if err := root.MkdirAll(stage, 0o755); err != nil {
		return "", err
	}
	staged := path.Join(stage, name)
	return staged, root.RemoveAll(staged)
}

// Clean removes what a crash left unfinished.
func Clean(root *os.Root) error { return root.RemoveAll(stage) }

// Move renames a file or folder, whose content is synced, over another, and syncs the folders of
// both.
func Move(root *os.Root, from, to string) error {
	if err := root.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(Sync(root, path.Dir(to)), Sync(root, path.Dir(from)))
}

// MakeFolder makes a folder and those that it is in, and syncs each.
func MakeFolder(root *os.Root, name string) error {
	if name == "." {
		return nil
	}
	if err := MakeFolder(root, path.Dir(name)); err != nil {
		return err
	}
	switch err := root.Mkdir(name, 0o755); {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return Sync(root, path.Dir(name))
}

// WriteFile replaces a file, or makes it.
func WriteFile(root *os.Root, name string, content []byte, mode os.FileMode) error {
	staged, err := Stage(root, "file")
	if err != nil {
		return err
	}
	file, err := root.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err := errors.Join(err, Finish(file)); err != nil {
		return err
	}
	return Move(root, staged, name)
}

// Finish syncs and closes a file.
func Finish(file *os.File) error { return errors.Join(file.Sync(), file.Close()) }

// SyncData syncs the content of a file and its size, and not the times of its changes.
func SyncData(root *os.Root, name string) error {
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(syncData(file), file.Close())
}

// SyncFile syncs the content of an open file and its size, and not the times of its changes.
func SyncFile(file *os.File) error { return syncData(file) }

// Sync syncs a file or folder.
func Sync(root *os.Root, name string) error {
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	return Finish(file)
}
