//go:build linux

package main

import (
	"cmp"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/internal/agent/quarantine"
)

func newQuarantineCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Show what repairs took out of the data directory",
	}
	cmd.PersistentFlags().StringVar(&data, "data", cmp.Or(os.Getenv(dataVariable), "data"), "the data directory, by default that of "+dataVariable)
	cmd.AddCommand(
		&cobra.Command{
			Use:   "list",
			Short: "List the repairs that took something out",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return inside(data, func(root *os.Root) error { return list(cmd, root) })
			},
		},
		&cobra.Command{
			Use:   "show NAME",
			Short: "Show each piece that a repair took out",
			Args:  cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return inside(data, func(root *os.Root) error { return show(cmd, root, args[0]) })
			},
		},
		&cobra.Command{
			Use:   "export NAME",
			Short: "Write the bytes that a repair took out, one piece a line",
			Args:  cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return inside(data, func(root *os.Root) error { return export(cmd, root, args[0]) })
			},
		},
	)
	return cmd
}

func inside(data string, do func(*os.Root) error) error {
	root, err := os.OpenRoot(data)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return do(root)
}

func list(cmd *cobra.Command, root *os.Root) error {
	names, err := quarantine.List(root)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tTIME\tFILE\tPIECES\tBYTES\tLOST")
	for _, name := range names {
		entries, err := quarantine.Read(root, name)
		if err != nil {
			return err
		}
		var bytes int64
		lost := 0
		for _, entry := range entries {
			bytes += entry.Length
			if entry.Lost {
				lost++
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\n", name, entries[0].Time.Format(time.RFC3339), entries[0].File, len(entries), bytes, lost)
	}
	return table.Flush()
}

func show(cmd *cobra.Command, root *os.Root, name string) error {
	entries, err := quarantine.Read(root, name)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tLINE\tOFFSET\tBYTES\tKIND\tLOST\tOP\tID")
	for _, entry := range entries {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%t\t%s\t%s\n", entry.File, entry.Line, entry.Offset, entry.Length, entry.Kind, entry.Lost, cmp.Or(entry.Op, "-"), cmp.Or(entry.ID, "-"))
	}
	return table.Flush()
}

func export(cmd *cobra.Command, root *os.Root, name string) error {
	entries, err := quarantine.Read(root, name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := quarantine.Bytes(root, name, entry)
		if err != nil {
			return err
		}
		if _, err := cmd.OutOrStdout().Write(append(content, '\n')); err != nil {
			return err
		}
	}
	return nil
}
