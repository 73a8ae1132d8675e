// Command bench measures the operator against the stock helm-operator and against a bare client:
//
//	go run ./test/bench/cmd/bench --n 50,200 --rounds 1
//
// It starts a test cluster of its own. See docs/benchmarks.md.
package main

import (
	"context"
	"encoding/json"
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
	var output string
	command := &cobra.Command{
		Use:           "bench",
		Short:         "Measure the operator against the stock one and against a bare client",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command, parameters, output)
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&parameters.Contenders, "contenders", bench.Contenders(), "who is measured")
	flags.StringSliceVar(&parameters.Measurements, "measure", bench.Measurements(), "what is measured; clusters are installed and deleted in any case")
	flags.IntSliceVar(&parameters.Clusters, "n", []int{50, 200, 1000}, "how many clusters are installed at a time")
	flags.IntVar(&parameters.Rounds, "rounds", 3, "how often everything is measured")
	flags.IntVar(&parameters.Workers, "workers", 4, "how many clusters each contender works on at a time")
	flags.IntVar(&parameters.Edits, "edits", 100, "how many edits are timed")
	flags.IntVar(&parameters.Repairs, "repairs", 20, "how many deletions of Services and changes of Secrets are timed")
	flags.DurationVar(&parameters.IdleTime, "idle", 5*time.Minute, "how long nothing is done, to measure what that costs")
	flags.DurationVar(&parameters.ReconcilePeriod, "period", 10*time.Minute, "after which time both operators look at a cluster again in which nothing happened")
	flags.IntVar(&parameters.Unrelated, "unrelated", 10_000, "how many Secrets, and as many ConfigMaps, are made that are nobody's")
	flags.StringVar(&output, "output", "test/output/bench", "folder for results.json, logs and the audit log")
	return command
}

// run measures, writes down what was measured, and shows it.
func run(command *cobra.Command, parameters bench.Parameters, output string) error {
	folder, err := filepath.Abs(output)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	results, err := bench.Run(command.Context(), ".", folder, parameters, command.ErrOrStderr())
	if results == nil {
		return err
	}
	return errors.Join(err, writeResults(filepath.Join(folder, "results.json"), results), report.Print(command.OutOrStdout(), results))
}

func writeResults(file string, results *bench.Results) error {
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o600)
}
