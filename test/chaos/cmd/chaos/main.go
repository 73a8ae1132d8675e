// Command chaos is the fault suite:
//
//	go run ./test/chaos/cmd/chaos --n 10 --killed 20 --bad 100
//
// It starts a test cluster of its own. See docs/reliability.md.
package main

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/barq-db/barq-operator/test/chaos"
	"github.com/barq-db/barq-operator/test/chaos/report"
	"github.com/barq-db/barq-operator/test/testbed"
)

func main() {
	// What a client library says of an API server that was killed is no news here.
	klog.SetLogger(logr.Discard())
	testbed.Main(newCommand())
}

func newCommand() *cobra.Command {
	var parameters chaos.Parameters
	var keeps bool
	suite := &testbed.Suite[chaos.Results]{Print: report.Print, WriteDocs: report.WriteDocs}
	command := &cobra.Command{
		Use:   "chaos",
		Short: "Let things go wrong while BarqClusters are installed, changed and deleted, and say what came of it",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command, suite, parameters, keeps)
		},
	}
	flags := command.Flags()
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
	suite.Register(command, "reliability.md")
	return command
}

// run makes the faults, and fails if anything did not hold. What is kept of a run before is written again with the new results.
func run(command *cobra.Command, suite *testbed.Suite[chaos.Results], parameters chaos.Parameters, keeps bool) error {
	before := &chaos.Results{}
	if keeps {
		file := suite.ResultsFile()
		if suite.Docs != "" {
			file = report.Page.Beside(suite.Docs, "results.json")
		}
		var err error
		if before, err = testbed.ReadResults[chaos.Results](file); err != nil {
			return err
		}
	}
	var verdict error
	err := suite.Run(command, func(folder string, keep func(*chaos.Results) error) (*chaos.Results, error) {
		results, err := chaos.Run(command.Context(), ".", folder, parameters, command.ErrOrStderr(), func(results *chaos.Results) error {
			return keep(results.After(before))
		})
		if results != nil {
			results = results.After(before)
			verdict = report.Verdict(results)
		}
		return results, err
	})
	return errors.Join(err, verdict)
}
