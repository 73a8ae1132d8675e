//go:build !linux

package privatenetwork

import "errors"

// Only Linux can give a process a network of its own.
var errLinux = errors.New("only Linux can do this")

// Possible tells whether this process may have a network of its own.
func Possible() bool { return false }

// Run fails.
func Run(...string) (int, error) { return 1, errLinux }

// Start fails.
func Start() error { return errLinux }
