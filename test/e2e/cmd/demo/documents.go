package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	barq "github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/digits"
	"github.com/barq-db/barq-operator/test/e2e/pods"
)

const (
	// collection has the digits.
	collection = "digits"
	// httpPort is the agent's, which hands harmless requests to the server.
	httpPort = 8080
	// clients is how many requests are made at once.
	clients = 4
	// requestTimeout ends a request whose pod has gone without a word.
	requestTimeout = 10 * time.Second
)

// ask calls the function with a client of a port of the pod.
func (d *demo) ask(ctx context.Context, port int, question func(context.Context, *barq.Client) error) error {
	local, stop, err := pods.Forward(ctx, d.rest, namespace, pod, port)
	if err != nil {
		return err
	}
	// Where the pod was killed it fails, as it should.
	defer func() { _ = stop() }()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	database := barq.New(fmt.Sprintf("http://127.0.0.1:%d", local))
	database.HTTP = barq.NewHTTPClient(transport)
	database.HTTP.Timeout = requestTimeout
	return question(ctx, database)
}

// document gives a digit the id that is its place in the data set, from 1.
func document(number int, digit digits.Digit) barq.Document {
	return barq.Document{ID: barq.Number(uint64(number)), Vector: digit.Pixels, Payload: map[string]any{"digit": digit.Value}}
}

// shared calls a function with each index below count, from a few clients at once, until one fails.
func shared(ctx context.Context, count int, do func(ctx context.Context, index int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range clients {
		group.Go(func() error {
			for index := int(next.Add(1)) - 1; index < count; index = int(next.Add(1)) - 1 {
				if err := do(ctx, index); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// insert puts the digits into the database.
func (d *demo) insert(ctx context.Context) error {
	d.say("%s.", digits.Origin)
	d.say("Each is an image of 8 by 8 pixels: a vector of 64 numbers. Its payload says which digit it is.")
	return d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		settings := barq.Collection{Name: collection, Dimension: len(d.stored[0].Pixels), Metric: barq.L2}
		if err := database.CreateCollection(ctx, settings); err != nil {
			return err
		}
		var done atomic.Int64
		begin := time.Now()
		err := shared(ctx, len(d.stored), func(ctx context.Context, index int) error {
			if err := database.Insert(ctx, collection, document(index+1, d.stored[index])); err != nil {
				return err
			}
			if done := int(done.Add(1)); done%1000 == 0 || done == len(d.stored) {
				d.progress("%s are in", thousands(done))
			}
			return nil
		})
		if err == nil {
			d.say("        %.0f a second, each answered once it is on the disk", float64(len(d.stored))/time.Since(begin).Seconds())
		}
		return err
	})
}

// count looks for each digit, and for each document that clients wrote, and compares it with what was written.
func (d *demo) count(ctx context.Context) error {
	return d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		wanted := len(d.stored) + len(d.written)
		var there atomic.Int64
		err := shared(ctx, wanted, func(ctx context.Context, index int) error {
			where, expected := collection, barq.Document{}
			if index < len(d.stored) {
				expected = document(index+1, d.stored[index])
			} else {
				where, expected = writtenCollection, d.writtenDocument(d.written[index-len(d.stored)])
			}
			found, err := database.Get(ctx, where, expected.ID)
			if err == nil && found != nil && slices.Equal(found.Vector, expected.Vector) {
				there.Add(1)
			}
			return err
		})
		if err != nil {
			return err
		}
		d.progress("asked for each document: %s of %s are there as they were written", thousands(int(there.Load())), thousands(wanted))
		if lost := wanted - int(there.Load()); lost > 0 {
			return fmt.Errorf("%d acknowledged documents are lost", lost)
		}
		return nil
	})
}
