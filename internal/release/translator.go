package release

import (
	"context"

	"helm.sh/helm/v3/pkg/chartutil"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/secrets"
	"github.com/barq-db/barq-operator/internal/translate"
)

// Translator looks up the facts that a translation needs, and translates.
type Translator struct {
	// Secrets finds what the spec refers to.
	Secrets *secrets.Resolver
	// Cache reads StatefulSets without asking the API server.
	Cache client.Reader
	// DefaultImage is used where the spec names none; empty leaves it to the chart.
	DefaultImage string
}

// Translate gives the chart values for a BarqCluster. It fails while a Secret or
// a key that the spec refers to is missing, which holds the release back and
// leaves running pods alone. That failure is not retried: a change of the
// Secret starts a new pass.
func (t *Translator) Translate(ctx context.Context, object *unstructured.Unstructured) (chartutil.Values, error) {
	if err := checkAnnotations(object); err != nil {
		return nil, reconcile.TerminalError(err)
	}
	cluster, err := v1alpha1.FromUnstructured(object)
	if err != nil {
		return nil, reconcile.TerminalError(err)
	}
	resolution, err := t.Secrets.Resolve(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if len(resolution.Problems) > 0 {
		return nil, reconcile.TerminalError(secrets.HeldBack(resolution))
	}
	template, err := t.template(ctx, client.ObjectKeyFromObject(cluster))
	if err != nil {
		return nil, err
	}
	values, err := translate.ToValues(cluster, translate.Facts{
		DefaultImage:    t.DefaultImage,
		SecretsChecksum: resolution.Checksum,
		Template:        template,
	})
	if err != nil {
		return nil, reconcile.TerminalError(err)
	}
	return values, nil
}

// template reads the volume claim template of the StatefulSet, or returns nil where there is none.
func (t *Translator) template(ctx context.Context, name client.ObjectKey) (*translate.Template, error) {
	statefulSet := &appsv1.StatefulSet{}
	if err := t.Cache.Get(ctx, name, statefulSet, client.UnsafeDisableDeepCopy); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return clusters.Template(statefulSet), nil
}
