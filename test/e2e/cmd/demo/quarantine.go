package main

import (
	"context"
	"fmt"
	"net/http"

	barq "github.com/barq-db/barq-operator/test/barqserver/client"
)

// serverPort is where the server itself listens in its pod, behind the agent.
const serverPort = 8081

// quarantine writes past the agent what Barq DB cannot read again, and looks how the database starts all the same.
func (d *demo) quarantine(ctx context.Context) error {
	first := poisons(len(d.stored[0].Pixels))[0]
	err := d.ask(ctx, serverPort, func(ctx context.Context, database *barq.Client) error {
		answer, err := database.Send(ctx, first.method, first.path, "application/json", first.body)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusCreated {
			return fmt.Errorf("the server itself answered with %d: %s", answer.Status, answer.Body)
		}
		d.progress("the server itself takes the first of these: 201")
		return nil
	})
	if err != nil {
		return err
	}
	before, err := d.pod(ctx)
	if err != nil {
		return err
	}
	if err := d.deletePod(ctx); err != nil {
		return err
	}
	if err := d.awaitSuccessor(ctx, identity(before)); err != nil {
		return err
	}
	d.progress("its pod was deleted, and the next one answers: the agent took the line out of the log first")
	return d.count(ctx)
}
