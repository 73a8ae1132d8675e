package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// refusedFor is how long a refusal is believed. What the API server admits can change
// without anything that the operator watches, for instance with an admission policy;
// a pass after that tries again.
const refusedFor = time.Minute

// refusedAttempts remembers, for each BarqCluster, what the API server called invalid. To
// report that changes the status, and a changed status starts another pass; without this,
// each of these would store one more revision that fails in the same way.
type refusedAttempts struct {
	clock clock.PassiveClock
	lock  sync.Mutex
	known map[types.UID]refusedAttempt
}

// refusedAttempt is what a refusal depends on, and the error with which it came.
type refusedAttempt struct {
	// inputs sums up what the manifest was rendered from.
	inputs [sha256.Size]byte
	// objects tells which objects there were. A field that cannot be changed in an object can
	// be set in one that is made anew.
	objects string
	err     error
	when    time.Time
}

func newRefusedAttempts(now clock.PassiveClock) *refusedAttempts {
	return &refusedAttempts{clock: now, known: map[types.UID]refusedAttempt{}}
}

// find gives the refusal of an attempt with the same inputs, if there was one lately.
func (r *refusedAttempts) find(cluster types.UID, inputs [sha256.Size]byte) (refusedAttempt, bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	refused, ok := r.known[cluster]
	return refused, ok && refused.inputs == inputs && r.clock.Since(refused.when) <= refusedFor
}

func (r *refusedAttempts) remember(cluster types.UID, refused refusedAttempt) {
	r.lock.Lock()
	defer r.lock.Unlock()
	refused.when = r.clock.Now()
	r.known[cluster] = refused
}

func (r *refusedAttempts) forget(cluster types.UID) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.known, cluster)
}

// refusal gives the error with which what is to be made now was refused before, or nil.
func (a *actions) refusal() error {
	refused, ok := a.getter.refused.find(a.cluster.GetUID(), a.inputs)
	if !ok {
		return nil
	}
	objects, err := a.there(a.manifest)
	if err != nil {
		return err
	}
	if objects != refused.objects {
		return nil
	}
	return refused.err
}

// noteRefusal remembers the error of an attempt if the API server called it invalid, and
// forgets an earlier one if not.
func (a *actions) noteRefusal(err error) {
	if !isInvalid(err) {
		a.getter.refused.forget(a.cluster.GetUID())
		return
	}
	if a.manifest == "" {
		// It did not come to an attempt.
		return
	}
	// What cannot be read is not remembered, at the cost of one more try.
	if objects, unreadable := a.there(a.manifest); unreadable == nil {
		a.getter.refused.remember(a.cluster.GetUID(), refusedAttempt{inputs: a.inputs, objects: objects, err: err})
	}
}

// objectsThere names the objects of the manifest that the cache has, by their UIDs.
func objectsThere(ctx context.Context, cache client.Reader, builder kube.Interface, manifest string) (string, error) {
	expected, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return "", fmt.Errorf("reading the manifest of the release: %w", err)
	}
	var there strings.Builder
	for _, object := range expected {
		name := nameOf(object)
		existing, err := cached(ctx, cache, name)
		if err != nil {
			return "", err
		}
		if existing != nil {
			fmt.Fprintf(&there, "%s %s %s\n", name.kind.Kind, existing.GetName(), existing.GetUID())
		}
	}
	return there.String(), nil
}
