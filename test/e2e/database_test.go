package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// documents is how many documents are put into a database that must not lose one.
const documents = 1000

// collection is where they are.
const collection = "documents"

// forward opens a port on this machine that leads to a port of the pod, through the
// API server and the kubelet, so that it works on any cluster and whatever a
// NetworkPolicy says. It is closed at the end of the test.
func forward(t *testing.T, namespace, pod string, port int) (local int, stop func()) {
	t.Helper()
	transport, upgrader, err := spdy.RoundTripperFor(restConfig)
	require.NoError(t, err)
	url := clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	stopped, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)},
		stopped, ready, io.Discard, io.Discard)
	require.NoError(t, err)
	failed := make(chan error, 1)
	go func() { failed <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-failed:
		require.NoError(t, err, "forwarding port %d of pod %s", port, pod)
	}
	ports, err := forwarder.GetPorts()
	require.NoError(t, err)
	return int(ports[0].Local), func() {
		close(stopped)
		require.NoError(t, <-failed)
	}
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
