package rejection

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// Attempt is an attempt to apply a manifest for a BarqCluster.
type Attempt struct {
	Cluster types.UID
	// Inputs is a digest of what the manifest was rendered from.
	Inputs [sha256.Size]byte
	// Manifest is empty if it is unknown, because an install failed.
	Manifest string
	// Helm builds the objects of the manifest.
	Helm kube.Interface
}

// Objects names objects of releases.
type Objects interface {
	// There returns a text that names the objects of a manifest that exist.
	There(ctx context.Context, helm kube.Interface, manifest string) (string, error)
}

// Reasons tell the status why an attempt ended. *releasestatus.Reasons implements it.
type Reasons interface {
	Note(cluster types.UID, reason string)
}

// Refusals judges how attempts ended, and keeps one that the API server has refused from being tried again at once.
type Refusals struct {
	cache   *Cache
	objects Objects
	reasons Reasons
}

// New returns Refusals that remember nothing yet. They note in reasons which attempts wait for a deletion.
func New(now clock.PassiveClock, objects Objects, reasons Reasons) *Refusals {
	return &Refusals{cache: NewCache(now), objects: objects, reasons: reasons}
}

// Earlier returns the error of an earlier attempt to apply the same, if the API server refused it; nil otherwise.
func (r *Refusals) Earlier(ctx context.Context, attempt Attempt) error {
	refused, left, ok := r.cache.Find(attempt.Cluster, attempt.Inputs)
	if !ok {
		return nil
	}
	objects, err := r.objects.There(ctx, attempt.Helm, attempt.Manifest)
	if err != nil {
		return err
	}
	if objects != refused.Objects {
		return nil
	}
	return kubeclient.Later{Err: refused.Err, After: left}
}

// awaitedFor is how long the operator waits before it looks again for an object that is being deleted. For most
// objects, a watch starts the next reconcile at once.
const awaitedFor = 10 * time.Second

// Judge returns the error of an attempt with the time of the next one. It remembers a refusal, and forgets it after any
// other result.
func (r *Refusals) Judge(ctx context.Context, attempt Attempt, err error) error {
	var ends owned.Awaited
	if errors.As(err, &ends) {
		r.reasons.Note(attempt.Cluster, v1alpha1.ReasonAwaitingDeletion)
		return kubeclient.Later{Err: err, After: awaitedFor}
	}
	if !Is(err) {
		r.cache.Delete(attempt.Cluster)
		return err
	}
	// The next reconcile tries once more if the manifest is unknown or cannot be read.
	objects := ""
	if attempt.Manifest != "" {
		if there, unreadable := r.objects.There(ctx, attempt.Helm, attempt.Manifest); unreadable == nil {
			objects = there
		}
	}
	return kubeclient.Later{Err: err, After: r.cache.Put(attempt.Cluster, Rejection{Inputs: attempt.Inputs, Objects: objects, Err: err})}
}

// Forget removes what is remembered of a BarqCluster that is deleted.
func (r *Refusals) Forget(cluster types.UID) { r.cache.Delete(cluster) }
