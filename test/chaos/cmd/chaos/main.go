// Command chaos is the fault suite:
//
//	go run ./test/chaos/cmd/chaos --n 10 --killed 20 --bad 100
//
// It starts a test cluster of its own. See docs/reliability.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/barq-db/barq-operator/test/chaos"
	"github.com/barq-db/barq-operator/test/chaos/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// What a client library says of an API server that was killed is no news here.
	klog.SetLogger(logr.Discard())
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var parameters chaos.Parameters
	var output, docs string
	var keeps bool
	command := &cobra.Command{
		Use:           "chaos",
		Short:         "Let things go wrong while BarqClusters are installed, changed and deleted, and say what came of it",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command, parameters, output, docs, keeps)
		},
	}
	flags := command.Flags()
	shared := command.PersistentFlags()
	flags.StringSliceVar(&parameters.Faults, "faults", chaos.Names(), "what goes wrong")
	flags.IntVar(&parameters.Clusters, "n", 50, "how many BarqClusters there are")
	flags.IntVar(&parameters.Killed, "killed", 500, "how many there are while the operator is killed")
	flags.IntVar(&parameters.Bad, "bad", 10_000, "how many can never work, in the row about them")
	flags.IntVar(&parameters.Steps, "steps", 20, "how many random steps are made of each in the row of random sequences")
	flags.IntVar(&parameters.Edits, "edits", 1000, "how many edits are made in the row about leaks")
	flags.DurationVar(&parameters.FaultTime, "fault-time", 30*time.Second, "how long a fault lasts at most while one kind of work is done on --n BarqClusters")
	flags.DurationVar(&parameters.Patience, "patience", 10*time.Minute, "how long all may take to be as it should be after a fault")
	flags.Uint64Var(&parameters.Seed, "seed", rand.Uint64(), "makes the random choices of an earlier run again; random if not given")
	flags.BoolVar(&keeps, "keep", false, "keep what --docs, or --output if that is not given, has of other faults from a run before")
	shared.StringVar(&output, "output", "test/output/chaos", "folder of results.json and logs")
	shared.StringVar(&docs, "docs", "", "folder of reliability.md, to which results are written; none if empty")
	command.AddCommand(newReportCommand(&output, &docs))
	return command
}

// newReportCommand writes the document from what a run has found before.
func newReportCommand(output, docs *string) *cobra.Command {
	return &cobra.Command{
		Use:   "report",
		Short: "Show, and with --docs write, what an earlier run has found",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			results, err := report.Read(resultsFile(*output))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprint(command.OutOrStdout(), report.Markdown(results)); err != nil || *docs == "" {
				return err
			}
			return report.WriteDocs(*docs, results)
		},
	}
}

func resultsFile(folder string) string { return filepath.Join(folder, "results.json") }

// run makes the faults, writes down what came of them, and fails if anything did not hold. Documents get only whole results.
func run(command *cobra.Command, parameters chaos.Parameters, output, docs string, keeps bool) error {
	folder, err := filepath.Abs(output)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	before := &chaos.Results{}
	if keeps {
		file := resultsFile(folder)
		if docs != "" {
			file = report.DocsFile(docs)
		}
		if before, err = report.Read(file); err != nil {
			return err
		}
	}
	keep := func(results *chaos.Results) error {
		return report.WriteResults(resultsFile(folder), results.After(before))
	}
	results, err := chaos.Run(command.Context(), ".", folder, parameters, command.ErrOrStderr(), keep)
	if results == nil {
		return err
	}
	err = errors.Join(err, keep(results))
	results = results.After(before)
	if _, printed := fmt.Fprint(command.OutOrStdout(), report.Markdown(results)); err == nil {
		err = printed
	}
	if err == nil && docs != "" {
		err = report.WriteDocs(docs, results)
	}
	return errors.Join(err, report.Verdict(results))
}
