package release

import (
	"context"
	"maps"

	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/signing"
)

// passFacts are what the parts of Helm's configuration for one pass have to know of each
// other. The library makes the parts, and hands on nothing but a context.
type passFacts struct {
	storage.Facts

	// restarts are the fields of the pod template that the revision changes, if pods restart for them.
	restarts []string
	// secrets are the names of the Secrets that those pods use.
	secrets []string
	// cause is why they restart, for the StatefulSet that is applied; nothing if they do not.
	cause clusters.Cause
	// trustsAbsence: an object that the cache does not have is not there.
	trustsAbsence bool
	// made are the versions of the objects that were made as they were asked for.
	made owned.Versions
	// changed: objects are not only made, or one of them was made otherwise.
	changed bool
}

// noteRestart notes for what pods restart. after is what the API server would make of the StatefulSet, and pod what is rendered for it.
func (f *passFacts) noteRestart(changed []string, after *appsv1.StatefulSet, pod *corev1.PodSpec) (err error) {
	f.restarts, f.secrets = changed, secretsOf(pod)
	f.cause, err = clusters.NewCause(&after.Spec.Template, "")
	return err
}

// noteMade adds to what was made; nothing means that something was made otherwise than asked for.
func (f *passFacts) noteMade(versions owned.Versions) {
	f.changed = f.changed || versions == nil
	if f.made == nil {
		f.made = owned.Versions{}
	}
	maps.Copy(f.made, versions)
}

// allMade gives the versions of all objects of the release if this pass has made them, and as they were asked for.
func (f *passFacts) allMade() owned.Versions {
	if f.changed {
		return nil
	}
	return f.made
}

// passStorage returns a function that gives each pass a release storage of its own.
func passStorage(secrets corev1client.SecretsGetter, key *signing.Key) func(context.Context, client.Object, *rest.Config) (driver.Driver, error) {
	return func(ctx context.Context, object client.Object, _ *rest.Config) (driver.Driver, error) {
		return storage.New(secrets, key, object, &passFactsIn(ctx).Facts), nil
	}
}

type passFactsKey struct{}

func withPassFacts(ctx context.Context, facts *passFacts) context.Context {
	return context.WithValue(ctx, passFactsKey{}, facts)
}

// passFactsIn gives the facts of a pass; those of an unknown one trust nothing.
func passFactsIn(ctx context.Context) *passFacts {
	if facts, ok := ctx.Value(passFactsKey{}).(*passFacts); ok {
		return facts
	}
	return &passFacts{}
}
