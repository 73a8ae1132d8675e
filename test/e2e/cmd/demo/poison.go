package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	barq "github.com/barq-db/barq-operator/test/barqserver/client"
)

// request is one that the agent has to refuse.
type request struct {
	words, method, path, body string
	status                    int
}

// String is the request as a person may read it.
func (r request) String() string {
	return strings.TrimSpace(r.method + " " + r.path + " " + shortened(r.body))
}

// poisons are requests that Barq DB takes, to the harm of its data.
func poisons(dimension int) []request {
	zeros := strings.Repeat(",0", dimension-1)
	documents := "/collections/" + collection + "/documents"
	return []request{
		{
			"a vector with a number that 32 bits cannot hold", http.MethodPost, documents,
			`{"id":999999,"vector":[1e39` + zeros + `]}`, http.StatusBadRequest,
		},
		{
			"a payload of 200 lists in one another", http.MethodPost, documents,
			`{"id":999999,"vector":[1` + zeros + `],"payload":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, http.StatusBadRequest,
		},
		{
			"a collection whose name has a slash", http.MethodDelete, "/collections/things%2F", "", http.StatusBadRequest,
		},
		{
			"a collection that is the folder above", http.MethodPost, "/collections",
			`{"name":"..","dimension":2,"metric":"L2"}`, http.StatusBadRequest,
		},
		{
			"an index without lists", http.MethodPost, "/collections",
			`{"name":"lists","dimension":2,"metric":"L2","index":{"Ivf":{"nlist":0,"nprobe":1,"pq":null}}}`, http.StatusBadRequest,
		},
		{
			"an index that finds the farthest", http.MethodPost, "/collections",
			`{"name":"graph","dimension":2,"metric":"L2","index":{"Hnsw":{"m":16,"ef_construction":64,"ef_search":64}}}`, http.StatusBadRequest,
		},
		{
			"a compaction that brings old documents back", http.MethodPost, "/admin/compact", `{}`, http.StatusForbidden,
		},
	}
}

// poison sends what would harm the database, and looks whether it goes on as before.
func (d *demo) poison(ctx context.Context) error {
	before, err := d.pod(ctx)
	if err != nil {
		return err
	}
	err = d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		for _, each := range poisons(len(d.stored[0].Pixels)) {
			answer, err := database.Send(ctx, each.method, each.path, "application/json", each.body)
			if err != nil {
				return fmt.Errorf("%s: %w", each.words, err)
			}
			d.say("%s\n    %s\n    %d %s", each.words, each, answer.Status, message(answer.Body))
			if answer.Status != each.status {
				return fmt.Errorf("%s was answered with %d instead of %d", each.words, answer.Status, each.status)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.count(ctx); err != nil {
		return err
	}
	after, err := d.pod(ctx)
	if err != nil {
		return err
	}
	if identity(after) != identity(before) {
		return fmt.Errorf("pod %s was restarted", pod)
	}
	d.progress("the database goes on, without a restart")
	return nil
}

// shortened is the beginning and the end of a long body.
func shortened(body string) string {
	const most = 72
	if len(body) <= most {
		return body
	}
	return body[:most/2] + " ... " + body[len(body)-most/2:]
}

// message is what an answer says to a person.
func message(body string) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal([]byte(body), &answer) != nil || answer.Error == "" {
		return body
	}
	return answer.Error
}
