//go:build linux

package inode

import (
	"io/fs"
	"syscall"
)

// ID is that of one file, as long as it is there or open. The zero value is that of none.
type ID struct{ device, inode uint64 }

// Of returns the ID of a file. The argument is from a Stat of package os.
func Of(about fs.FileInfo) ID {
	// The system call behind every Stat of os on Linux.
	stat, _ := about.Sys().(*syscall.Stat_t)
	return ID{device: stat.Dev, inode: stat.Ino}
}
