package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/hack/demo/internal/daemon"
	"github.com/barq-db/barq-operator/hack/demo/internal/record"
)

// demo is one run of up or down.
type demo struct {
	options
	directory directory
	out       io.Writer

	record *record.Record
	// config and kubernetes reach the cluster with the rights of the kubeconfig.
	config     *rest.Config
	kubernetes client.WithWatch
	// kubectl is the path of a program that does for people what kubernetes does here.
	kubectl string

	// foundBefore names what this run has applied to that was there before any demo.
	foundBefore []string
	// startedCluster and operator are what this run has started, and an interrupt stops.
	startedCluster bool
	operator       *daemon.Process
}

// open takes hold of the demo's directory until release is called.
func open(chosen options, out io.Writer) (d *demo, release func() error, err error) {
	d = &demo{options: chosen, directory: directory(chosen.dir), out: out}
	if err := d.directory.create(); err != nil {
		return nil, nil, err
	}
	release, err = daemon.Hold(d.directory.lock())
	var held *daemon.HeldError
	if errors.As(err, &held) {
		return nil, nil, fmt.Errorf("a demo is at work in %s (process %s): wait for it, or press Ctrl-C there", chosen.dir, held.PID)
	}
	return d, release, err
}

func (d *demo) saveRecord() error { return d.record.Save(d.directory.record()) }

func (d *demo) printf(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format, args...) }

// heading begins a part of what is printed.
func (d *demo) heading(format string, args ...any) { d.printf("\n==> "+format+"\n", args...) }

// step says that work is done, and then how long it took.
func (d *demo) step(ctx context.Context, label string, work func() error) error {
	d.printf("%s ... ", label)
	started := time.Now()
	err := work()
	switch {
	case ctx.Err() != nil:
		d.printf("interrupted\n")
	case err != nil:
		d.printf("failed\n")
	default:
		d.printf("done in %.1f s\n", time.Since(started).Seconds())
	}
	return err
}

// indent sets lines off from the text around them.
func indent(lines string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n  ")
}
