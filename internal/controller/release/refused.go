package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/podtrial"
)

// refusedAttempts remembers, for each BarqCluster, what the API server has refused. A reconcile with the same inputs over the same objects
// gets the same answer without a request, until it is time to try again: what the API server admits can change without anything that the
// operator watches, for instance with an admission policy or a quota.
type refusedAttempts struct {
	clock clock.PassiveClock
	lock  sync.Mutex
	known map[types.UID]refusedAttempt
}

// refusedAttempt is what a refusal depends on, and the error with which it came.
type refusedAttempt struct {
	// inputs sums up what the manifest was rendered from.
	inputs [sha256.Size]byte
	// objects tells which objects there were, and in which versions.
	objects string
	err     error
	when    time.Time
	// tries is how often the same was refused.
	tries int
}

// left returns how long it is until the next try.
func (r refusedAttempt) left(now time.Time) time.Duration {
	return r.when.Add(kubeclient.DelayOf(r.tries)).Sub(now)
}

func newRefusedAttempts(now clock.PassiveClock) *refusedAttempts {
	return &refusedAttempts{clock: now, known: map[types.UID]refusedAttempt{}}
}

// find returns the refusal of an attempt with the same inputs, and how long it holds, if it is not time to try again.
func (r *refusedAttempts) find(cluster types.UID, inputs [sha256.Size]byte) (refusedAttempt, time.Duration, bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	refused, ok := r.known[cluster]
	left := refused.left(r.clock.Now())
	return refused, left, ok && refused.inputs == inputs && left > 0
}

// remember notes a refusal, and returns how long to wait before the next try.
func (r *refusedAttempts) remember(cluster types.UID, refused refusedAttempt) time.Duration {
	r.lock.Lock()
	defer r.lock.Unlock()
	refused.when, refused.tries = r.clock.Now(), 1
	if before := r.known[cluster]; before.inputs == refused.inputs && before.objects == refused.objects {
		refused.tries += before.tries
	}
	r.known[cluster] = refused
	return refused.left(refused.when)
}

func (r *refusedAttempts) forget(cluster types.UID) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.known, cluster)
}

// refusal returns the error with which what is to be applied now was refused before, or nil.
func (a *actions) refusal() error {
	refused, left, ok := a.getter.refused.find(a.cluster.GetUID(), a.inputs)
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
	return kubeclient.Later{Err: refused.err, After: left}
}

// awaitedFor is how long the operator waits for an object to go before it looks again. It is told of most of them at once.
const awaitedFor = 10 * time.Second

// awaiting are the BarqClusters whose last attempt has met an object that is being deleted. The zero value has none.
type awaiting struct{ uids sync.Map }

func (w *awaiting) note(cluster types.UID, waits bool) {
	if waits {
		w.uids.Store(cluster, true)
	} else {
		w.uids.Delete(cluster)
	}
}

// Has reports whether a BarqCluster is one of them.
func (w *awaiting) Has(cluster types.UID) bool {
	_, waits := w.uids.Load(cluster)
	return waits
}

// judged returns the error of an attempt with the time of the next one. A refusal is remembered, and forgotten after anything else.
func (a *actions) judged(err error) error {
	var ends owned.Awaited
	waits := errors.As(err, &ends)
	a.getter.awaiting.note(a.cluster.GetUID(), waits)
	if waits {
		return kubeclient.Later{Err: err, After: awaitedFor}
	}
	if !isRefusal(err) {
		a.getter.refused.forget(a.cluster.GetUID())
		return err
	}
	// Of what cannot be read, and of an install that was not rendered here, the next reconcile tries once more.
	objects := ""
	if a.manifest != "" {
		if there, unreadable := a.there(a.manifest); unreadable == nil {
			objects = there
		}
	}
	return kubeclient.Later{
		Err: err, After: a.getter.refused.remember(a.cluster.GetUID(), refusedAttempt{inputs: a.inputs, objects: objects, err: err}),
	}
}

// isRefusal reports whether the API server understood what was asked, and refused it: an invalid object, a policy, a webhook, a quota.
func isRefusal(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err) ||
		errors.Is(err, storage.ErrTooLongSpec) || errors.Is(err, podtrial.ErrRefused) || err != nil && invalidText.MatchString(err.Error())
}

// invalidText is how apierrors.NewInvalid begins: StatefulSet.apps "db" is invalid. Helm passes on the text of some errors alone.
var invalidText = regexp.MustCompile(`\S+ "[^"]+" is invalid: `)

// objectsThere names the objects of the manifest that the cache has, with their UIDs and versions.
func objectsThere(ctx context.Context, cache client.Reader, builder kube.Interface, manifest string) (string, error) {
	expected, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return "", fmt.Errorf("reading the manifest of the release: %w", err)
	}
	var there strings.Builder
	for _, object := range expected {
		name := owned.NameOf(object)
		existing, err := owned.Cached(ctx, cache, name)
		if err != nil {
			return "", err
		}
		if existing == nil {
			continue
		}
		version, err := owned.VersionOf(existing)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&there, "%s %s %s %x\n", name.Kind.Kind, existing.GetName(), existing.GetUID(), version)
	}
	return there.String(), nil
}
