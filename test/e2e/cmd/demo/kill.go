package main

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	barq "github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/pods"
)

// writtenCollection has what clients write while they are cut off.
const writtenCollection = "written-while-killed"

// writing is how long the clients write before the kill.
const writing = time.Second

// kill is one way to end a database at once.
type kill struct {
	words string
	do    func(context.Context) error
	// onOwnNode tells that processes of pods have to be processes of this machine.
	onOwnNode bool
}

// kill kills the database while clients write, in each way that this cluster has, and looks for every document.
func (d *demo) kill(ctx context.Context) error {
	err := d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		return database.CreateCollection(ctx, barq.Collection{Name: writtenCollection, Dimension: len(d.stored[0].Pixels), Metric: barq.L2})
	})
	if err != nil {
		return err
	}
	for _, kill := range []kill{
		{"kill -9 of the agent, and so of the server", d.killProcess, true},
		{"kubectl delete pod " + pod + " --force --grace-period=0", d.deletePod, false},
	} {
		if kill.onOwnNode && !d.ownNode {
			continue
		}
		if err := d.killOnce(ctx, kill); err != nil {
			return err
		}
	}
	before := d.correct
	return d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		if err := d.askAll(ctx, database); err != nil {
			return err
		}
		if d.correct != before {
			return fmt.Errorf("before the kills %d searches found the right digit, and now %d", before, d.correct)
		}
		d.say("        They find what they found before.")
		return nil
	})
}

func (d *demo) killOnce(ctx context.Context, kill kill) error {
	before, err := d.pod(ctx)
	if err != nil {
		return err
	}
	var said writes
	err = d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		said, err = d.writeUntil(ctx, database, kill)
		return err
	})
	if err != nil {
		return err
	}
	d.written = append(d.written, said.acknowledged...)
	d.progress("%s: %s writes were acknowledged, %d had no answer", kill.words, thousands(len(said.acknowledged)), said.unanswered)
	if len(said.acknowledged) == 0 {
		return fmt.Errorf("no write was acknowledged in the %s before the kill", writing)
	}
	killed := time.Now()
	if err := d.awaitSuccessor(ctx, identity(before)); err != nil {
		return err
	}
	d.progress("the database answers again, %.1f s later", time.Since(killed).Seconds())
	return d.count(ctx)
}

// writes is what clients were told.
type writes struct {
	acknowledged []int
	unanswered   int
}

// writeUntil writes from a few clients until the kill has cut each of them off.
func (d *demo) writeUntil(ctx context.Context, database *barq.Client, kill kill) (writes, error) {
	var said writes
	var group sync.WaitGroup
	var lock sync.Mutex
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := 1
	if len(d.written) > 0 {
		first = d.written[len(d.written)-1] + 100_000
	}
	for writer := range clients {
		group.Go(func() {
			for number := first + writer; ; number += clients {
				err := database.Insert(ctx, writtenCollection, d.writtenDocument(number))
				lock.Lock()
				if err != nil {
					said.unanswered++
					lock.Unlock()
					return
				}
				said.acknowledged = append(said.acknowledged, number)
				lock.Unlock()
			}
		})
	}
	time.Sleep(writing)
	err := kill.do(ctx)
	if err != nil {
		cancel()
	}
	group.Wait()
	return said, err
}

// writtenDocument is what a client writes as its document of a number.
func (d *demo) writtenDocument(number int) barq.Document {
	return document(number, d.asked[number%len(d.asked)])
}

func (d *demo) killProcess(ctx context.Context) error {
	found, err := d.pod(ctx)
	if err != nil {
		return err
	}
	killed, err := pods.Signal(syscall.SIGKILL, found.UID, "barq-agent")
	if err == nil && killed != 1 {
		err = fmt.Errorf("%d processes of the agent run in pod %s", killed, pod)
	}
	return err
}

func (d *demo) deletePod(ctx context.Context) error {
	found, err := d.pod(ctx)
	if err != nil {
		return err
	}
	return d.client.Delete(ctx, found, &client.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
}
