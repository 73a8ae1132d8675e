package release

import (
	"context"

	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/signing"
)

// passFacts are what the parts of Helm's configuration for one pass have to know of each
// other. The library makes the parts, and hands on nothing but a context.
type passFacts struct {
	// records are those of the storage, and objects those of the client.
	records storage.Facts
	objects kubeclient.Facts
	// restarts are the fields of the pod template that the revision changes, if pods restart for them.
	restarts []string
	// secrets are the names of the Secrets that those pods use.
	secrets []string
	// trustsAbsence: an object that the cache does not have is not there.
	trustsAbsence bool
}

// noteRestart notes for what pods restart. after is what the API server would make of the StatefulSet, and pod what is rendered for it.
func (f *passFacts) noteRestart(changed []string, after *appsv1.StatefulSet, pod *corev1.PodSpec) (err error) {
	f.restarts, f.secrets = changed, secretsOf(pod)
	f.objects.Cause, err = clusters.NewCause(&after.Spec.Template, "")
	return err
}

// passStorage returns a function that gives each pass a release storage of its own.
func passStorage(secrets corev1client.SecretsGetter, key *signing.Key) func(context.Context, client.Object, *rest.Config) (driver.Driver, error) {
	return func(ctx context.Context, object client.Object, _ *rest.Config) (driver.Driver, error) {
		return storage.New(secrets, key, object, &passFactsIn(ctx).records), nil
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
