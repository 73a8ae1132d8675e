package conformance

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// childAttributes has the kernel end a server whose test was killed.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// asInit makes a server the first process of a container, as far as signals go.
func asInit(attributes *syscall.SysProcAttr) { attributes.Cloneflags |= syscall.CLONE_NEWPID }

// withOwnMounts lets a server see other mounts than the rest of the machine.
func withOwnMounts(attributes *syscall.SysProcAttr) { attributes.Cloneflags |= syscall.CLONE_NEWNS }

// confinedVariable is set for the process that becomes a server which may do little.
const confinedVariable = "CONFORMANCE_CONFINED"

func isConfined() bool { return os.Getenv(confinedVariable) != "" }

// confine makes every file system read-only except the working directory, becomes
// user and group 1000 without capabilities, and then the server.
func confine() error {
	const user = 1000
	program, err := os.Open(os.Getenv(serverVariable))
	if err != nil {
		return err
	}
	data, err := os.Getwd()
	if err != nil {
		return err
	}
	steps := []struct {
		what string
		do   func() error
	}{
		{"give the data to another user", func() error { return os.Chown(data, user, user) }},
		{"part from the machine's mounts", func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") }},
		{"mount the data", func() error { return unix.Mount(data, data, "", unix.MS_BIND, "") }},
		{"make everything read-only", func() error {
			return unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
		}},
		{"make the data writable", func() error {
			return unix.MountSetattr(unix.AT_FDCWD, data, 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
		}},
		{"go to the data", func() error { return os.Chdir(data) }},
		{"give up privileges", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		{"leave all groups", func() error { return syscall.Setgroups(nil) }},
		{"become another group", func() error { return syscall.Setgid(user) }},
		{"become another user", func() error { return syscall.Setuid(user) }},
		// The path of the program may be closed to that user, the open file is not.
		{"become the server", func() error {
			return syscall.Exec(fmt.Sprintf("/proc/self/fd/%d", program.Fd()), []string{"barq-server"}, os.Environ())
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}
