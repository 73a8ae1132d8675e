package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// cgroupFolder is where the kernel shows cgroups: all of them, or, where it has those
// of the first version, a folder for each hierarchy.
const cgroupFolder = "/sys/fs/cgroup"

// makeCgroup makes the cgroup of all pods.
func makeCgroup(name string) error {
	tops, err := hierarchies()
	if err != nil {
		return err
	}
	for _, top := range tops {
		if err := os.Mkdir(filepath.Join(top, name), 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
	}
	if !slices.Contains(tops, cgroupFolder) {
		return nil
	}
	// In the second version what is limited in a cgroup is up to those above it.
	for _, folder := range []string{cgroupFolder, filepath.Join(cgroupFolder, name)} {
		controllers, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers"))
		if err != nil {
			return err
		}
		for controller := range strings.FieldsSeq(string(controllers)) {
			err := os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), []byte("+"+controller), 0o600)
			if err != nil {
				return fmt.Errorf("passing the controller %s on: %w", controller, err)
			}
		}
	}
	return nil
}

// removeCgroup removes a cgroup and all below it, and fails while one has a process.
func removeCgroup(name string) error {
	tops, err := hierarchies()
	if err != nil {
		return err
	}
	for _, top := range tops {
		var folders []string
		err := filepath.WalkDir(filepath.Join(top, name), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// Its files go with a cgroup, but not those below it.
		for _, folder := range slices.Backward(folders) {
			if err := os.Remove(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// hierarchies are the top folders of cgroups.
func hierarchies() ([]string, error) {
	is, err := isCgroup(cgroupFolder)
	if err != nil || is {
		return []string{cgroupFolder}, err
	}
	entries, err := os.ReadDir(cgroupFolder)
	if err != nil {
		return nil, err
	}
	var tops []string
	for _, entry := range entries {
		// Some are links to others, as cpu is to cpu,cpuacct.
		if !entry.IsDir() {
			continue
		}
		top := filepath.Join(cgroupFolder, entry.Name())
		is, err := isCgroup(top)
		if err != nil {
			return nil, err
		}
		if is {
			tops = append(tops, top)
		}
	}
	return tops, nil
}

// isCgroup tells whether a folder is a cgroup of either version.
func isCgroup(folder string) (bool, error) {
	var found unix.Statfs_t
	if err := unix.Statfs(folder, &found); err != nil {
		return false, &os.PathError{Op: "statfs", Path: folder, Err: err}
	}
	return found.Type == unix.CGROUP_SUPER_MAGIC || found.Type == unix.CGROUP2_SUPER_MAGIC, nil
}
