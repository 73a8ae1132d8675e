package apiproxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/barq-db/barq-operator/test/chaos/apiproxy"
)

// connection is a client whose requests go through a proxy, to a server that says how often it was asked.
type connection struct {
	*apiproxy.Proxy

	client *rest.RESTClient
	asked  *atomic.Int32
}

// connect starts the server, which sends watches an event each 50 milliseconds.
func connect(t *testing.T) connection {
	t.Helper()
	asked := &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if !assertAuthorized(writer, request) {
			return
		}
		if request.URL.Query().Get("watch") == "" {
			_, _ = fmt.Fprint(writer, asked.Add(1))
			return
		}
		for request.Context().Err() == nil {
			_, _ = fmt.Fprintln(writer, time.Now().UnixMilli())
			writer.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	}))
	t.Cleanup(server.CloseClientConnections)
	proxy, err := apiproxy.Start(&rest.Config{Host: server.URL, BearerToken: "secret"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close()) })
	file := t.TempDir() + "/kubeconfig"
	require.NoError(t, proxy.WriteKubeconfig(file))
	config, err := clientcmd.BuildConfigFromFlags("", file)
	require.NoError(t, err)
	config.NegotiatedSerializer = scheme.Codecs
	client, err := rest.UnversionedRESTClientFor(config)
	require.NoError(t, err)
	return connection{proxy, client, asked}
}

func assertAuthorized(writer http.ResponseWriter, request *http.Request) bool {
	if request.Header.Get("Authorization") != "Bearer secret" {
		http.Error(writer, "who is it?", http.StatusUnauthorized)
		return false
	}
	return true
}

// ask does not try again, as clients do by default where a server asks for it.
func (c connection) ask(verb string) error {
	return c.client.Verb(verb).AbsPath("/api").MaxRetries(0).Do(context.Background()).Error()
}

func TestAGoodConnection(t *testing.T) {
	c := connect(t)
	require.NoError(t, c.ask(http.MethodGet))
	require.EqualValues(t, 1, c.asked.Load())
	require.Zero(t, c.Harmed())
}

func TestRequestsAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		refusal apiproxy.Refusal
		is      func(error) bool
	}{
		"too many":       {apiproxy.TooManyRequests, apierrors.IsTooManyRequests},
		"internal error": {apiproxy.InternalError, apierrors.IsInternalError},
		"conflict":       {apiproxy.Conflict, apierrors.IsConflict},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t)
			c.Set(apiproxy.Fault{Refused: 1, Refusal: test.refusal})
			require.True(t, test.is(c.ask(http.MethodPut)))
			require.Zero(t, c.asked.Load())
			require.Equal(t, 1, c.Harmed())
			c.Set(apiproxy.Fault{})
			require.NoError(t, c.ask(http.MethodPut))
		})
	}
}

func TestOnlyWritesConflict(t *testing.T) {
	c := connect(t)
	c.Set(apiproxy.Fault{Refused: 1, Refusal: apiproxy.Conflict})
	for _, verb := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		require.NoError(t, c.ask(verb), verb)
	}
	require.True(t, apierrors.IsConflict(c.ask(http.MethodPatch)))
}

func TestOnlySomeAreRefused(t *testing.T) {
	c := connect(t)
	c.Set(apiproxy.Fault{Refused: 1, Refusal: apiproxy.InternalError, Only: func(request *http.Request) bool {
		return request.Method == http.MethodPost
	}})
	require.NoError(t, c.ask(http.MethodPut))
	require.True(t, apierrors.IsInternalError(c.ask(http.MethodPost)))
	require.Equal(t, 1, c.Harmed())
}

func TestAnAnswerIsLost(t *testing.T) {
	c := connect(t)
	c.Set(apiproxy.Fault{Lost: 1})
	require.Error(t, c.ask(http.MethodPost))
	require.EqualValues(t, 1, c.asked.Load(), "it was carried out, once")
}

func TestRequestsAreSlow(t *testing.T) {
	c := connect(t)
	c.Set(apiproxy.Fault{Delay: 300 * time.Millisecond})
	began := time.Now()
	require.NoError(t, c.ask(http.MethodGet))
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	require.Equal(t, 1, c.Harmed())
}

// watch gives the age of each event as it arrives, in milliseconds, and closes the channel when the watch has ended.
func (c connection) watch(t *testing.T) <-chan int64 {
	t.Helper()
	body, err := c.client.Get().AbsPath("/api").Param("watch", "1").Stream(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = body.Close() })
	ages := make(chan int64, 1000)
	go func() {
		defer close(ages)
		for {
			var sent int64
			if _, err := fmt.Fscanln(body, &sent); err != nil {
				// The rest says only how the connection ended.
				_, _ = io.Copy(io.Discard, body)
				return
			}
			ages <- time.Now().UnixMilli() - sent
		}
	}()
	return ages
}

func TestWatchesAreLate(t *testing.T) {
	c := connect(t)
	c.Set(apiproxy.Fault{Lag: time.Second})
	ages := c.watch(t)
	for range 3 {
		require.GreaterOrEqual(t, <-ages, int64(1000))
	}
	c.Set(apiproxy.Fault{})
	require.Eventually(t, func() bool { return <-ages < 500 }, 10*time.Second, time.Millisecond)
}

func TestWatchesAreCut(t *testing.T) {
	c := connect(t)
	ages := c.watch(t)
	<-ages
	c.CutWatches()
	require.Equal(t, 1, c.Harmed())
	require.Eventually(t, func() bool {
		_, open := <-ages
		return !open
	}, 10*time.Second, time.Millisecond)
	c.CutWatches()
	require.Equal(t, 1, c.Harmed(), "there is none left")
	<-c.watch(t)
}
