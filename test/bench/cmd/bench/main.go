// Command bench measures the operator against the stock helm-operator and against a bare client:
//
//	go run ./test/bench/cmd/bench --n 50,200 --rounds 1
//
// It starts a test cluster of its own. See docs/benchmarks.md.
package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/bench"
	"github.com/barq-db/barq-operator/test/bench/report"
	"github.com/barq-db/barq-operator/test/testbed"
)

func main() { testbed.Main(newCommand()) }

func newCommand() *cobra.Command {
	var parameters bench.Parameters
	suite := testbed.Suite[bench.Results]{Print: report.Print, WriteDocs: report.WriteDocs}
	command := &cobra.Command{
		Use:   "bench",
		Short: "Measure the operator against the stock one and against a bare client",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return suite.Run(command, func(folder string, keep func(*bench.Results) error) (*bench.Results, error) {
				return bench.Run(command.Context(), ".", folder, parameters, command.ErrOrStderr(), keep)
			})
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&parameters.Contenders, "contenders", bench.Contenders(), "who is measured")
	flags.StringSliceVar(&parameters.Measurements, "measure", bench.Measurements(), "what is measured; clusters are installed in any case")
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
	flags.IntVar(&parameters.Unrelated, "unrelated", 10_000, "how many Secrets, and as many ConfigMaps, are made without an owner")
	flags.DurationVar(&parameters.Profile, "profile", 0, "for how long from the beginning of an install, and of the edits, the operator is profiled, into a file for go tool pprof in --output")
	suite.Register(command, "benchmarks.md")
	return command
}
