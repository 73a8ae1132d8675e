//go:build linux

package memory_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/memory"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// weigh returns the estimate of documents that were each written as often as times says.
func weigh(index schema.Index, documents, times int, change func(*walline.Record)) int64 {
	var estimate memory.Estimate
	each := estimate.Weigh(datadir.Collection{Tenant: "default", Name: "things"}, schema.Schema{IndexSettings: schema.IndexSettings{Index: index}})
	for range times {
		for number := range documents {
			record := walline.Record{Op: walline.Insert, Dimension: 100, ID: walline.ID{Number: uint64(number) + 1}}
			if change != nil {
				change(&record)
			}
			each(record)
		}
	}
	return estimate.Bytes()
}

// What it takes is compared with a real server in test/agent.
func TestEstimate(t *testing.T) {
	empty := weigh(schema.Flat, 0, 0, nil)
	once := weigh(schema.Flat, 10_000, 1, nil)
	require.InDelta(t, 10_000*(2*4*100+280), once-empty, 0.02*float64(once))
	require.InDelta(t, once, weigh(schema.Flat, 10_000, 20, nil), 0.02*float64(once), "a document that is written again counts once")
	require.InDelta(t, once, weigh(schema.Flat, 10_000, 1, func(r *walline.Record) {
		r.ID = walline.ID{Text: fmt.Sprintf("id %d", r.ID.Number), IsText: true}
	}), 0.02*float64(once))
	require.Equal(t, empty, weigh(schema.Flat, 10_000, 1, func(r *walline.Record) { r.Op = walline.Delete }))
	require.Less(t, weigh(schema.IVF, 10_000, 1, nil), once, "only an index of the kind Flat has each vector twice")
	require.Greater(t, weigh(schema.HNSW, 10_000, 1, nil), once)
	require.Greater(t, weigh(schema.Flat, 10_000, 1, func(r *walline.Record) {
		r.Payload, r.Members, r.PayloadText = walline.Object, 3, walline.Span{Start: 100, End: 200}
	}), 2*once-empty)
}
