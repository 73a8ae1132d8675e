//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/internal/agent/api"
	"github.com/barq-db/barq-operator/internal/agent/metrics"
	"github.com/barq-db/barq-operator/internal/agent/parent"
	"github.com/barq-db/barq-operator/internal/agent/ready"
	"github.com/barq-db/barq-operator/internal/agent/repair"
	"github.com/barq-db/barq-operator/internal/agent/report"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/server"
)

// Variables of the server that the agent obeys too: its data directory, and where it listens.
const (
	dataVariable    = "BARQ_STORAGE_DIR"
	addressVariable = "BARQ_ADDR"
)

// memoryLimit is what the garbage collector aims at, in bytes. A compaction of 1,000,000 documents keeps
// about 25 MiB, and the pod's memory is meant for the server.
const memoryLimit = 36 << 20

// shippingMemory is what it takes beside that to write an archive, in bytes.
const shippingMemory = 24 << 20

// garbagePart is how much garbage there may be beside what is in use, in percent, up to the limit. What is in use is small, so with
// Go's own 100 each few hundred requests would cost a collection.
const garbagePart = 400

func newRunCommand(code *int) *cobra.Command {
	options := parent.Options{}
	tierFlags := tierFlags{archive: &options.Archive}
	var policy, address, apiAddress, certificates string
	var takeOut []string
	cmd := &cobra.Command{
		Use:   "run [flags] -- SERVER [ARGUMENT...]",
		Short: "Repair the data directory, run the server, and exit as it does",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
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
			way, err := server.New(address)
			if err != nil {
				return fmt.Errorf("--server-address: %w", err)
			}
			options.Server = way
			if err := checkNumbers(options); err != nil {
				return err
			}
			if err := tierFlags.open(); err != nil {
				return err
			}
			limit := int64(memoryLimit)
			if options.Archive.Tiers != nil {
				limit += shippingMemory
			}
			debug.SetMemoryLimit(limit)
			debug.SetGCPercent(garbagePart)
			options.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("program", "barq-agent")
			options.Report = &report.Report{}
			options.Report.Change(func(status *v1.Status) { status.Agent = version })
			if apiAddress != "" {
				ctx, stop := context.WithCancel(cmd.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					if err := api.Serve(ctx, apiAddress, api.InFolder(certificates), options.Report.Status); err != nil {
						options.Log.Error("the operator is not told of the database", "address", apiAddress, "error", err)
					}
				}()
				defer func() {
					stop()
					<-ended
				}()
			}
			// Both doors ask through one check, so that the server has one call more at a time.
			check := &ready.Check{Take: way.Takes}
			counted := metrics.New(metrics.Sources{Status: options.Report.Status, LockWaits: check.Waits, Server: way.Metrics})
			check.Took = counted.LockTaken
			options.Metrics, options.Door.Metrics = counted, counted
			options.Calls.Count, options.Calls.CountStream = counted.CountCall, counted.CountStream
			options.Door.Ready, options.Calls.Ready = check.Now, check.Now
			options.Door.Server = address
			options.Calls.Server, options.Calls.Log = address, options.Log
			*code = parent.Run(options, signals)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&options.Data, "data", cmp.Or(os.Getenv(dataVariable), "data"), "the data directory, by default that of "+dataVariable)
	flags.StringVar(&policy, "invalid-lines", string(repair.Quarantine), "what becomes of acknowledged writes that the server cannot read: Quarantine or Refuse")
	flags.StringSliceVar(&takeOut, "take-out", nil, "damaged lines to do without, each as FILE@OFFSET, as the log names them")
	flags.DurationVar(&options.StopTimeout, "stop-timeout", 50*time.Second, "how long the server may take to stop before it is killed")
	flags.DurationVar(&options.SyncInterval, "sync-interval", time.Second, "the time between two syncs of the logs, which a crash of the node can lose; with 0 nothing is synced while the server runs")
	flags.BoolVar(&options.Commit, "commit", false, "with --http-address or --grpc-address, answer a write once it is on the disk; otherwise a crash of the node can lose it")
	flags.Int64Var(&options.RotateSize, "rotate-size", 64<<20, "how many bytes a log has before it becomes a segment")
	flags.DurationVar(&options.RotateAge, "rotate-age", time.Hour, "how old a log is before it becomes a segment")
	flags.Int64Var(&options.Compaction.From, "compaction-from", 1<<20, "how many bytes the segments of a collection have at least before they are compacted")
	flags.Float64Var(&options.Compaction.Gain, "compaction-gain", 0.2, "the part of the lines that has to be superseded before segments are compacted")
	flags.Float64Var(&options.Compaction.Duty, "compaction-duty", 0.25, "the part of its time that a compaction works")
	flags.StringVar(&address, "server-address", cmp.Or(os.Getenv(addressVariable), "127.0.0.1:8080"), "where the server listens, by default that of "+addressVariable)
	flags.StringVar(&options.Door.Address, "http-address", "", "where clients reach the server through the agent; the server then has to listen elsewhere. Nowhere by default")
	flags.StringVar(&options.Door.Certificates, "http-certificates", "", "with --http-address, the folder with tls.crt and tls.key for TLS; without TLS by default")
	flags.BoolVar(&options.Door.Refusals.UnsoundIndexes, "allow-unsound-indexes", false, "with --http-address, carry requests for indexes that give wrong answers: HNSW, and IVF with pq")
	flags.StringVar(&options.Calls.Address, "grpc-address", "", "where clients reach the server with gRPC through the agent. With port 50051 of all addresses, the server has no gRPC of its own. Nowhere by default")
	flags.StringVar(&apiAddress, "api-address", "", "where the operator is told of the database; nowhere by default")
	flags.StringVar(&certificates, "api-certificates", "/etc/barq-agent/tls", "the folder with tls.crt, tls.key and ca.crt for --api-address")
	tierFlags.add(flags)
	flags.StringVar(&options.TerminationLog, "termination-log", "/dev/termination-log", "the file for the termination message")
	return cmd
}

// checkNumbers refuses numbers with which nothing would be done, or all the time.
func checkNumbers(options parent.Options) error {
	if options.SyncInterval < 0 || options.RotateSize <= 0 || options.RotateAge <= 0 {
		return errors.New("--sync-interval is below 0, or --rotate-size or --rotate-age is not above 0")
	}
	if given := options.Compaction; given.Gain < 0 || given.Gain > 1 || given.Duty <= 0 || given.Duty > 1 {
		return errors.New("--compaction-gain or --compaction-duty is not between 0 and 1")
	}
	return nil
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
