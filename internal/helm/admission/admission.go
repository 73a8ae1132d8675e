package admission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
	"github.com/barq-db/barq-operator/internal/podtrial"
)

// Helm builds objects from a manifest, and tries them. *kubeclient.Client implements it.
type Helm interface {
	Build(rendered io.Reader, validate bool) (kube.ResourceList, error)
	// Try returns the object that the API server would store; nil if there is nothing to write. former is the object in
	// the manifest before; nil if it is not there.
	Try(wanted, former *resource.Info) (*unstructured.Unstructured, error)
}

// History has the revisions of a release. Helm's storage implements it.
type History interface {
	// Last returns the newest revision.
	Last(name string) (*release.Release, error)
}

// Trial tries revisions of the release of one BarqCluster, in one reconcile.
type Trial struct {
	Cluster client.Object
	Helm    Helm
	History History
	// Owned reads the objects of the release, and tries the pods.
	Owned *owned.Objects
}

// Restart says why the pods restart; its zero value that they do not.
type Restart struct {
	// Fields are those of the pod template that change.
	Fields []string
	// Secrets are the names of those that the pods use.
	Secrets []string
	// Template is what the API server would store.
	Template *corev1.PodTemplateSpec
}

// Admits refuses a revision before it is stored or applied, if that would fail. That is so if it does not fit a Secret,
// if another owner has one of its objects, or if the API server refuses it. The API server may also refuse its pods. An
// upgrade is tried whole in a dry run of the API server. The first revision is not tried, because nothing of it runs
// yet.
func (t Trial) Admits(ctx context.Context, rendered *release.Release) (Restart, error) {
	if err := records.Fits(rendered); err != nil {
		return Restart{}, err
	}
	objects, err := t.Helm.Build(bytes.NewBufferString(rendered.Manifest), false)
	if err != nil {
		return Restart{}, fmt.Errorf("reading the rendered manifest: %w", err)
	}
	before, err := t.listedBefore()
	if err != nil {
		return Restart{}, err
	}
	for _, wanted := range objects {
		if err := t.admitsOwner(ctx, wanted, before); err != nil {
			return Restart{}, err
		}
	}
	if rendered.Version == 1 {
		return Restart{}, nil
	}
	if err := errors.Join(kubeclient.Mark(objects), kubeclient.Mark(before)); err != nil {
		return Restart{}, err
	}
	var set *unstructured.Unstructured
	for _, wanted := range objects {
		tried, err := t.Helm.Try(wanted, before.Get(wanted))
		if err != nil {
			return Restart{}, err
		}
		if tried != nil && wanted.Mapping.GroupVersionKind == owned.StatefulSetKind {
			set = tried
		}
	}
	if set == nil {
		return Restart{}, nil
	}
	return t.admitsPods(ctx, rendered, set)
}

// admitsOwner refuses an object of another owner. Helm asks the API server only for objects that the former revision
// does not list.
func (t Trial) admitsOwner(ctx context.Context, wanted *resource.Info, before kube.ResourceList) error {
	var live metav1.Object
	found, err := owned.Cached(ctx, t.Owned.Cache, owned.NameOf(wanted))
	if found != nil {
		live = found
	} else if err == nil && before.Get(wanted) != nil {
		live, err = kubeclient.CurrentOf(wanted)
	}
	if live == nil || err != nil {
		return err
	}
	return owned.MayWrite(live, wanted, t.Cluster)
}

// listedBefore returns the objects in the manifest of the newest revision; nil if that is not believed.
func (t Trial) listedBefore() (kube.ResourceList, error) {
	newest, err := t.History.Last(t.Cluster.GetName())
	if errors.Is(err, driver.ErrReleaseNotFound) || err == nil && !labels.Believed(newest) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return t.Helm.Build(bytes.NewBufferString(newest.Manifest), false)
}

// admitsPods returns why a release restarts pods. It returns an error if the API server would refuse the pods that
// replace them. The API server would store tried as the StatefulSet.
func (t Trial) admitsPods(ctx context.Context, rendered *release.Release, tried *unstructured.Unstructured) (Restart, error) {
	found, err := owned.Cached(ctx, t.Owned.Cache, owned.Name{Kind: owned.StatefulSetKind, Key: client.ObjectKeyFromObject(t.Cluster)})
	live, ok := found.(*appsv1.StatefulSet)
	if err != nil || !ok {
		return Restart{}, err
	}
	after := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(tried.Object, after); err != nil {
		return Restart{}, fmt.Errorf("reading what StatefulSet %s would be: %w", t.Cluster.GetName(), err)
	}
	changed, err := upgrade.ChangedFields(&live.Spec.Template, &after.Spec.Template)
	if err != nil || len(changed) == 0 || ptr.Deref(after.Spec.Replicas, 1) == 0 {
		return Restart{}, err
	}
	wanted, err := manifest.Typed[appsv1.StatefulSet](rendered.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return Restart{}, err
	}
	pod := &wanted.Spec.Template.Spec
	restart := Restart{Fields: changed, Secrets: upgrade.SecretsOf(pod), Template: &after.Spec.Template}
	ready, err := t.findAccount(ctx, rendered, pod, &live.Spec.Template.Spec)
	if err != nil || !ready {
		return restart, err
	}
	wanted.UID = live.GetUID()
	return restart, podtrial.Trial{Writer: t.Owned.Writer, Live: t.Owned.Live}.Admits(ctx, wanted)
}

// findAccount gives the pod a service account that exists. It reports false if there is none, so that no pod can be
// tried.
func (t Trial) findAccount(ctx context.Context, rendered *release.Release, pod, current *corev1.PodSpec) (bool, error) {
	account, err := manifest.Typed[corev1.ServiceAccount](rendered.Manifest, owned.ServiceAccountKind.Kind)
	if err != nil || account.Name == "" || account.Name != pod.ServiceAccountName {
		return true, err
	}
	key := client.ObjectKey{Namespace: t.Cluster.GetNamespace(), Name: account.Name}
	found, err := owned.Cached(ctx, t.Owned.Cache, owned.Name{Kind: owned.ServiceAccountKind, Key: key})
	switch {
	case err != nil || found != nil:
		return true, err
	case current.ServiceAccountName == account.Name:
		// A person has deleted it by hand. It is created before the pods.
		return false, nil
	default:
		// It is created before the pods. The trial uses the account of the current pods.
		pod.ServiceAccountName = current.ServiceAccountName
		return true, nil
	}
}
