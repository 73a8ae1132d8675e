//go:build linux

package disk

import (
	"fmt"
	"os"
)

// The reserve is a part of the disk, and at most largestReserve bytes.
const (
	reservePart    = 32
	largestReserve = 1 << 30
)

// Reserve returns how many bytes of the file system are for what makes space: deletions, and compactions.
func (u Usage) Reserve() int64 { return min(u.Size/reservePart, largestReserve) }

// Space is that of the file system of a folder, which it keeps open: each write asks for it.
type Space struct{ folder *os.File }

// NewSpace returns the Space of the file system of a folder.
func NewSpace(root *os.Root) (Space, error) {
	folder, err := root.Open(".")
	return Space{folder: folder}, err
}

// Check returns an error if only the reserve is left.
func (s Space) Check() error {
	usage, err := of(s.folder)
	if err != nil {
		return fmt.Errorf("the space on the disk is not known: %w", err)
	}
	if usage.Free < usage.Reserve() {
		return fmt.Errorf("the disk is full: %d of its %d bytes are free, and the last %d are for deletions and compactions. "+
			"Delete documents or collections, or grow the volume", usage.Free, usage.Size, usage.Reserve())
	}
	return nil
}
