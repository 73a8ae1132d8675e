//go:build linux

package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/internal/agent/parent"
	"github.com/barq-db/barq-operator/internal/agent/repair"
)

// dataVariable is where the server finds its data directory, and the agent too.
const dataVariable = "BARQ_STORAGE_DIR"

func newRunCommand(code *int) *cobra.Command {
	options := parent.Options{}
	var policy string
	var takeOut []string
	cmd := &cobra.Command{
		Use:   "run [flags] -- SERVER [ARGUMENT...]",
		Short: "Repair the data directory, run the server, and exit as it does",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			// From here on, because process 1 is not ended by a signal that it does not take.
			signals := make(chan os.Signal, 1)
			signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
			options.Command = args
			options.Policy = repair.Policy(policy)
			if options.Policy != repair.Quarantine && options.Policy != repair.Refuse {
				return fmt.Errorf("--invalid-lines is %q; write Quarantine or Refuse", policy)
			}
			for _, text := range takeOut {
				place, err := placeOf(text)
				if err != nil {
					return err
				}
				options.TakeOut = append(options.TakeOut, place)
			}
			options.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("program", "barq-agent")
			*code = parent.Run(options, signals)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&options.Data, "data", cmp.Or(os.Getenv(dataVariable), "data"), "the data directory, by default that of "+dataVariable)
	flags.StringVar(&policy, "invalid-lines", string(repair.Quarantine), "what becomes of acknowledged writes that the server cannot read: Quarantine or Refuse")
	flags.StringSliceVar(&takeOut, "take-out", nil, "damaged lines to do without, each as FILE@OFFSET, as the log names them")
	flags.DurationVar(&options.StopTimeout, "stop-timeout", 50*time.Second, "how long the server may take to stop before it is killed")
	flags.StringVar(&options.TerminationLog, "termination-log", "/dev/termination-log", "the file for the termination message")
	return cmd
}

// placeOf reads FILE@OFFSET.
func placeOf(text string) (repair.Place, error) {
	at := strings.LastIndex(text, "@")
	if at > 0 {
		if offset, err := strconv.ParseInt(text[at+1:], 10, 64); err == nil && offset >= 0 {
			return repair.Place{File: text[:at], Offset: offset}, nil
		}
	}
	return repair.Place{}, fmt.Errorf("--take-out has %q; write FILE@OFFSET, such as tenants/default/collections/things/wal.jsonl@1024", text)
}
