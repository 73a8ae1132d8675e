package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// writers is how many clients fill a database with tiers. With the mode Archived those who write at the same time share an upload.
const writers = 64

// filling is clients that write until they are stopped, and what they know of it.
type filling struct {
	// next is the number of the next document, and answered is when the one of each number was answered.
	next     atomic.Int64
	lock     sync.Mutex
	answered map[int]time.Time
	group    sync.WaitGroup
	// stop ends the clients, and closeIdle their connections.
	stop, closeIdle func()
}

// newFilling creates the collection in the database of a pod.
func newFilling(t *testing.T, pod *corev1.Pod) *filling {
	t.Helper()
	database, closeIdle := straight(pod)
	defer closeIdle()
	require.NoError(t, database.CreateCollection(t.Context(), client.Collection{Name: collection, Dimension: 4, Metric: client.L2}))
	return &filling{answered: map[int]time.Time{}}
}

// start has clients insert as fast as they can until there are so many documents, and then slowly until the database is gone.
func (f *filling) start(t *testing.T, pod *corev1.Pod, count int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	database, closeIdle := straight(pod)
	f.stop, f.closeIdle = stop, closeIdle
	for range writers {
		f.group.Go(func() {
			for ctx.Err() == nil {
				number := int(f.next.Add(1)) - 1
				if number >= count {
					time.Sleep(100 * time.Millisecond)
				}
				if database.Insert(ctx, collection, document(number)) != nil {
					return
				}
				f.lock.Lock()
				f.answered[number] = time.Now()
				f.lock.Unlock()
			}
		})
	}
}

// straight is a client of the database in a pod, which keeps its connections.
func straight(pod *corev1.Pod) (*client.Client, func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: writers}
	database := client.New("http://" + net.JoinHostPort(pod.Status.PodIP, "8080"))
	database.HTTP = client.NewHTTPClient(transport)
	return database, transport.CloseIdleConnections
}

// count returns how many documents were answered.
func (f *filling) count() int {
	f.lock.Lock()
	defer f.lock.Unlock()
	return len(f.answered)
}

// end stops the clients.
func (f *filling) end() {
	f.stop()
	f.group.Wait()
	f.closeIdle()
}

// check reads each document from a number on, one by one, and requires those that were answered before a time. It returns how many
// there are.
func (f *filling) check(t *testing.T, pod *corev1.Pod, from int, before time.Time) (there, required int) {
	t.Helper()
	database, closeIdle := straight(pod)
	defer closeIdle()
	var found atomic.Int64
	var group sync.WaitGroup
	var lost sync.Map
	numbers := make(chan int)
	for range writers {
		group.Go(func() {
			for number := range numbers {
				expected := document(number)
				stored, err := database.Get(t.Context(), collection, expected.ID)
				at, wasAnswered := f.answered[number]
				switch {
				case err != nil:
					lost.Store(number, err)
				case stored != nil && fmt.Sprint(stored.Vector) == fmt.Sprint(expected.Vector):
					found.Add(1)
				case stored != nil || wasAnswered && at.Before(before):
					lost.Store(number, at)
				}
			}
		})
	}
	for number := from; number < int(f.next.Load()); number++ {
		numbers <- number
		if at, wasAnswered := f.answered[number]; wasAnswered && at.Before(before) {
			required++
		}
	}
	close(numbers)
	group.Wait()
	lost.Range(func(number, why any) bool {
		t.Errorf("document %v is lost or another: %v", number, why)
		return false
	})
	return int(found.Load()), required
}
