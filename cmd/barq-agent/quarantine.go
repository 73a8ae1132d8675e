//go:build linux

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/internal/agent/datalock"
	"github.com/barq-db/barq-operator/internal/agent/quarantine"
	"github.com/barq-db/barq-operator/internal/agent/reapply"
)

func newQuarantineCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Show what repairs took out of the data directory, and bring it back",
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
		newApplyCommand(&data),
		&cobra.Command{
			Use:   "close NAME",
			Short: "Say that nothing more is to be done about a repair, which ends the warning; the bytes stay",
			Args:  cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				return inside(data, func(root *os.Root) error { return quarantine.Close(root, args[0], time.Now()) })
			},
		},
	)
	return cmd
}

func newApplyCommand(data *string) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "apply NAME [FILE]",
		Short: "Write what a repair took out back into the log of its collection, while no server runs",
		Long: "Write what a repair took out back into the log of its collection. FILE has the lines as they are to be, which is usually\n" +
			"an export that you have corrected; - is standard input. Without FILE the lines are those that were taken out.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inside(*data, func(root *os.Root) error {
				lock, err := datalock.Take(root, time.Now())
				if err != nil {
					return fmt.Errorf("%w; scale the database to 0 first", err)
				}
				return errors.Join(apply(cmd, root, args, replace), lock.Release())
			})
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "replace documents that are there")
	return cmd
}

func apply(cmd *cobra.Command, root *os.Root, args []string, replace bool) error {
	entries, err := quarantine.Read(root, args[0])
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("quarantine %s is empty", args[0])
	}
	lines, err := linesToApply(cmd, root, args, entries)
	if err != nil {
		return err
	}
	report, err := reapply.Apply(root, entries[0].Collection, lines, replace)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d documents written to collection %s of tenant %s\n", report.Written, entries[0].Name, entries[0].Tenant)
	for _, id := range report.Present {
		fmt.Fprintf(cmd.OutOrStdout(), "document %s is there and stays as it is; --replace replaces it\n", id)
	}
	if len(report.Present) > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "quarantine %s stays open; barq-agent quarantine close %s closes it\n", args[0], args[0])
		return nil
	}
	return quarantine.Close(root, args[0], time.Now())
}

func linesToApply(cmd *cobra.Command, root *os.Root, args []string, entries []quarantine.Entry) (io.Reader, error) {
	if len(args) == 2 && args[1] == "-" {
		return cmd.InOrStdin(), nil
	}
	if len(args) == 2 {
		content, err := os.ReadFile(args[1])
		return bytes.NewReader(content), err
	}
	var all bytes.Buffer
	if err := writePieces(&all, root, args[0], entries); err != nil {
		return nil, err
	}
	return &all, nil
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
	fmt.Fprintln(table, "NAME\tTIME\tFILE\tPIECES\tBYTES\tLOST\tSTATE")
	for _, name := range names {
		entries, err := quarantine.Read(root, name)
		if err != nil {
			return err
		}
		var size int64
		lost := 0
		for _, entry := range entries {
			size += entry.Length
			if entry.Lost {
				lost++
			}
		}
		closed, err := quarantine.IsClosed(root, name)
		if err != nil {
			return err
		}
		state := "open"
		if closed {
			state = "closed"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", name, entries[0].Time.Format(time.RFC3339), entries[0].File, len(entries), size, lost, state)
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
	return writePieces(cmd.OutOrStdout(), root, name, entries)
}

// writePieces writes what a repair took out, one piece a line.
func writePieces(to io.Writer, root *os.Root, name string, entries []quarantine.Entry) error {
	for _, entry := range entries {
		content, err := quarantine.Bytes(root, name, entry)
		if err != nil {
			return err
		}
		if _, err := to.Write(append(content, '\n')); err != nil {
			return err
		}
	}
	return nil
}
