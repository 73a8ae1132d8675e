// Command bench measures the operator against the stock helm-operator and against a bare client:
//
//	go run ./test/bench/cmd/bench --n 50,200 --rounds 1
//
// It starts a test cluster of its own. See docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var parameters bench.Parameters
	var places places
	command := &cobra.Command{
		Use:           "bench",
		Short:         "Measure the operator against the stock one and against a bare client",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command, parameters, places)
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&parameters.Contenders, "contenders", bench.Contenders(), "who is measured")
	flags.StringSliceVar(&parameters.Measurements, "measure", bench.Measurements(), "what is measured; clusters are installed and deleted in any case")
	flags.IntSliceVar(&parameters.Clusters, "n", []int{50, 200, 1000}, "how many clusters are installed at a time")
	flags.IntVar(&parameters.StockUpTo, "stock-up-to", 0, "the largest number of clusters with which the stock operator is measured; 0 is no limit")
	flags.IntSliceVar(&parameters.InstallOnly, "install-only", nil, "further numbers of clusters, with which only installs and deletions are measured")
	flags.IntVar(&parameters.Rounds, "rounds", 3, "how often everything is measured")
	flags.IntVar(&parameters.Workers, "workers", 4, "how many clusters each contender works on at a time")
	flags.IntVar(&parameters.Edits, "edits", 100, "how many edits are timed")
	flags.IntVar(&parameters.Repairs, "repairs", 20, "how many deletions of Services and changes of Secrets are timed")
	flags.DurationVar(&parameters.IdleTime, "idle", 5*time.Minute, "how long nothing is done, to measure what that costs")
	flags.DurationVar(&parameters.QuietTime, "quiet", 3*time.Second, "how long a contender must have done nothing to be called quiet")
	flags.DurationVar(&parameters.ReconcilePeriod, "period", 10*time.Minute, "after which time both operators look at a cluster again in which nothing happened")
	flags.IntVar(&parameters.Unrelated, "unrelated", 10_000, "how many Secrets, and as many ConfigMaps, are made that are nobody's")
	flags.DurationVar(&parameters.Profile, "profile", 0, "for how long from the beginning of an install, and of the edits, the operator is profiled, into a file for go tool pprof in --output")
	shared := command.PersistentFlags()
	shared.StringVar(&places.output, "output", "test/output/bench", "folder of results.json, logs and the audit log")
	shared.StringVar(&places.docs, "docs", "", "folder of benchmarks.md, to which results and pictures are written; none if empty")
	command.AddCommand(newReportCommand(&places))
	return command
}

// places are where results go.
type places struct{ output, docs string }

// run measures, writes down what was measured, and shows it. Documents get only whole results.
func run(command *cobra.Command, parameters bench.Parameters, places places) error {
	folder, err := filepath.Abs(places.output)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	keep := func(results *bench.Results) error {
		return report.WriteResults(filepath.Join(folder, "results.json"), results)
	}
	results, err := bench.Run(command.Context(), ".", folder, parameters, command.ErrOrStderr(), keep)
	if results == nil {
		return err
	}
	err = errors.Join(err, keep(results), report.Print(command.OutOrStdout(), results))
	if err != nil || places.docs == "" {
		return err
	}
	return report.WriteDocs(places.docs, results)
}

// newReportCommand writes the documents from what a run has measured before.
func newReportCommand(places *places) *cobra.Command {
	return &cobra.Command{
		Use:   "report",
		Short: "Show, and with --docs write, what an earlier run has measured",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			results, err := report.Read(filepath.Join(places.output, "results.json"))
			if err != nil {
				return err
			}
			if err := report.Print(command.OutOrStdout(), results); err != nil || places.docs == "" {
				return err
			}
			return report.WriteDocs(places.docs, results)
		},
	}
}
