// Package checkout finds the repository that a command runs in.
//
// What lives here: where it is. What is done with it belongs to the commands.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
)

// Root returns the top of the repository around the working directory.
func Root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "test", "e2e", "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("run this inside a checkout of the operator's repository")
		}
	}
}
