package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/pods"
)

// documents is how many documents are put into a database that must not lose one.
const documents = 1000

// collection is where they are.
const collection = "documents"

// forward is pods.Forward, until the function that it returns is called.
func forward(t *testing.T, namespace, pod string, port int) (local int, stop func()) {
	t.Helper()
	local, end, err := pods.Forward(t.Context(), restConfig, namespace, pod, port)
	require.NoError(t, err)
	return local, func() { require.NoError(t, end()) }
}

// ask calls the function with a client of the database in the pod.
func ask(t *testing.T, namespace, pod string, question func(context.Context, *client.Client)) {
	t.Helper()
	askOver(t, namespace, pod, nil, question)
}

// askOver is ask with whom to trust to be the database, which serves HTTPS then, or nil.
func askOver(t *testing.T, namespace, pod string, trust *tls.Config, question func(context.Context, *client.Client)) {
	t.Helper()
	askAt(t, namespace, pod, 8080, trust, question)
}

// askAt is askOver with the port.
func askAt(t *testing.T, namespace, pod string, port int, trust *tls.Config, question func(context.Context, *client.Client)) {
	t.Helper()
	local, stop := forward(t, namespace, pod, port)
	defer stop()
	transport := &http.Transport{TLSClientConfig: trust}
	defer transport.CloseIdleConnections()
	scheme := "http"
	if trust != nil {
		scheme = "https"
	}
	database := client.New(fmt.Sprintf("%s://127.0.0.1:%d", scheme, local))
	database.HTTP = client.NewHTTPClient(transport)
	question(t.Context(), database)
}

// fill puts documents into the database of the pod.
func fill(t *testing.T, namespace, pod string, count int) {
	t.Helper()
	fillOver(t, namespace, pod, nil, count)
}

// fillOver is fill with whom to trust, as askOver has it.
func fillOver(t *testing.T, namespace, pod string, trust *tls.Config, count int) {
	t.Helper()
	askOver(t, namespace, pod, trust, func(ctx context.Context, database *client.Client) {
		require.NoError(t, database.CreateCollection(ctx, client.Collection{Name: collection, Dimension: 4, Metric: client.L2}))
		for number := range count {
			require.NoError(t, database.Insert(ctx, collection, document(number)))
		}
	})
}

// found counts, one by one, how many of the documents are in the database of the pod, as they
// were put there.
func found(t *testing.T, namespace, pod string, count int) int {
	t.Helper()
	return foundOver(t, namespace, pod, nil, count)
}

// foundOver is found with whom to trust, as askOver has it.
func foundOver(t *testing.T, namespace, pod string, trust *tls.Config, count int) int {
	t.Helper()
	there := 0
	askOver(t, namespace, pod, trust, func(ctx context.Context, database *client.Client) {
		for number := range count {
			expected := document(number)
			stored, err := database.Get(ctx, collection, expected.ID)
			require.NoError(t, err)
			if stored != nil && stored.ID == expected.ID {
				require.Equal(t, expected.Vector, stored.Vector, "document %d", number)
				there++
			}
		}
		// A search goes through the index, which is made anew at every start.
		last := document(count - 1)
		hits, err := database.Search(ctx, collection, last.Vector, 1)
		require.NoError(t, err)
		require.Len(t, hits, 1)
		require.Equal(t, last.ID, hits[0].ID)
	})
	return there
}

// document gives the document of a number; its vector is like no other's.
func document(number int) client.Document {
	return client.Document{
		ID:      client.Number(uint64(number) + 1),
		Vector:  []float32{float32(number), float32(number % 7), float32(number % 11), 1},
		Payload: map[string]any{"number": number},
	}
}
