//go:build linux

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newInstallCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "install FOLDER",
		Short: "Copy this program into a folder, from which the container of the database runs it",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			return install(self, filepath.Join(args[0], filepath.Base(self)))
		},
	}
}

// install copies a program. The copy appears when it is complete, so that a container that starts
// meanwhile runs none or all of it.
func install(from, to string) (err error) {
	program, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	unfinished := to + ".unfinished"
	// The container that runs it may have another user.
	target, err := os.OpenFile(unfinished, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755) //nolint:gosec // A program.
	if err != nil {
		return err
	}
	_, err = io.Copy(target, program)
	if err := errors.Join(err, target.Close()); err != nil {
		return err
	}
	return os.Rename(unfinished, to)
}
