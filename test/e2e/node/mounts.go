package node

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// scratchFolder is a file system in memory which ends with the namespaces.
const scratchFolder = "/run"

// kubeletFolder is where the kubelet keeps pods, and where drivers announce
// themselves.
const kubeletFolder = scratchFolder + "/kubelet"

// setUpMounts gives the namespaces file systems of their own where programs of a
// node insist on a place outside of the node's folder.
func setUpMounts() error {
	// Or mounts would be seen outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	// The kubelet writes to /var/log, and the network plugins to /var/lib/cni.
	for _, folder := range []string{"/var/log", "/var/lib"} {
		if err := veil(folder); err != nil {
			return fmt.Errorf("veiling %s: %w", folder, err)
		}
	}
	if err := mountScratch(scratchFolder); err != nil {
		return err
	}
	if err := os.Mkdir(kubeletFolder, 0o755); err != nil {
		return err
	}
	if err := mountScratch(kubeletFolder); err != nil {
		return err
	}
	// What is mounted for a pod must be seen by its containers.
	if err := unix.Mount("", kubeletFolder, "", unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing %s: %w", kubeletFolder, err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

func mountScratch(folder string) error {
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mounting %s: %w", folder, err)
	}
	return nil
}

// veil mounts a file system in memory on a folder, and in it all that the folder has.
// What is there stays what it is, and what is added is not seen outside.
func veil(folder string) error {
	behind, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer func() { _ = behind.Close() }()
	entries, err := behind.ReadDir(-1)
	if err != nil {
		return err
	}
	if err := mountScratch(folder); err != nil {
		return err
	}
	for _, entry := range entries {
		source := fmt.Sprintf("/proc/self/fd/%d/%s", behind.Fd(), entry.Name())
		if err := showThrough(entry, source, filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func showThrough(entry os.DirEntry, source, target string) error {
	var err error
	switch {
	case entry.IsDir():
		err = os.Mkdir(target, 0o700)
	case entry.Type().IsRegular():
		err = os.WriteFile(target, nil, 0o600)
	case entry.Type()&os.ModeSymlink != 0:
		link, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(link, target)
	default:
		// Sockets and the like are for those outside.
		return nil
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return &os.PathError{Op: "mount", Path: target, Err: err}
	}
	return nil
}
