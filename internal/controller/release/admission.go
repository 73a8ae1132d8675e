package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/podtrial"
)

// admits refuses a revision before it is stored or applied, if that would have to fail: it does not fit a Secret, an object of it
// belongs to another, or the API server refuses it or its pods. An upgrade is tried whole, on the API server, which stores nothing. Of the first
// revision nothing runs yet, so it is not tried.
func (a *actions) admits(ctx context.Context, rendered *release.Release) error {
	if err := storage.Fits(rendered); err != nil {
		return err
	}
	helm, ok := a.Config().KubeClient.(*kubeclient.Client)
	if !ok {
		return nil
	}
	objects, err := helm.Build(bytes.NewBufferString(rendered.Manifest), false)
	if err != nil {
		return fmt.Errorf("reading the rendered manifest: %w", err)
	}
	before, err := a.listedBefore()
	if err != nil {
		return err
	}
	for _, wanted := range objects {
		if err := a.admitsOwner(ctx, wanted, before); err != nil {
			return err
		}
	}
	if rendered.Version == 1 {
		return nil
	}
	if err := errors.Join(kubeclient.Mark(objects), kubeclient.Mark(before)); err != nil {
		return err
	}
	var set *unstructured.Unstructured
	for _, wanted := range objects {
		tried, err := helm.Try(wanted, before.Get(wanted))
		if err != nil {
			return err
		}
		if tried != nil && wanted.Mapping.GroupVersionKind == owned.StatefulSetKind {
			set = tried
		}
	}
	if set == nil {
		return nil
	}
	err = a.getter.admitsPods(ctx, a.cluster, rendered, set, a.facts)
	if len(a.facts.restarts) > 0 {
		a.facts.objects.Cause.Why = causeOf(a.facts.restarts, a.facts.secrets, a.plan, a.asked.generation, wasQueued(a.cluster))
	}
	return err
}

// admitsOwner refuses an object that is another's. Helm looks on the API server for those alone that the former revision does not list.
func (a *actions) admitsOwner(ctx context.Context, wanted *resource.Info, before kube.ResourceList) error {
	var live metav1.Object
	found, err := owned.Cached(ctx, a.getter.objects, owned.NameOf(wanted))
	if found != nil {
		live = found
	} else if err == nil && before.Get(wanted) != nil {
		live, err = kubeclient.CurrentOf(wanted)
	}
	if live == nil || err != nil {
		return err
	}
	return owned.MayWrite(live, wanted, a.cluster)
}

// listedBefore gives the objects in the manifest of the newest revision that is believed.
func (a *actions) listedBefore() (kube.ResourceList, error) {
	newest, err := a.Config().Releases.Last(a.cluster.GetName())
	if errors.Is(err, driver.ErrReleaseNotFound) || err == nil && !labels.Believed(newest) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return a.Config().KubeClient.Build(bytes.NewBufferString(newest.Manifest), false)
}

// admitsPods notes for what a release restarts pods, and returns an error if the API server would refuse those that are to be made in
// their place. tried is what the API server would make of the StatefulSet.
func (g *actionsGetter) admitsPods(
	ctx context.Context, cluster client.Object, rendered *release.Release, tried *unstructured.Unstructured, facts *passFacts,
) error {
	found, err := owned.Cached(ctx, g.objects, owned.Name{Kind: owned.StatefulSetKind, Key: client.ObjectKeyFromObject(cluster)})
	live, ok := found.(*appsv1.StatefulSet)
	if err != nil || !ok {
		return err
	}
	after := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(tried.Object, after); err != nil {
		return fmt.Errorf("reading what StatefulSet %s would be: %w", cluster.GetName(), err)
	}
	changed, err := changedFields(&live.Spec.Template, &after.Spec.Template)
	if err != nil || len(changed) == 0 || ptr.Deref(after.Spec.Replicas, 1) == 0 {
		return err
	}
	wanted, err := manifest.Typed[appsv1.StatefulSet](rendered.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return err
	}
	pod := &wanted.Spec.Template.Spec
	account, err := manifest.Typed[corev1.ServiceAccount](rendered.Manifest, "ServiceAccount")
	if err = errors.Join(err, facts.noteRestart(changed, after, pod)); err != nil {
		return err
	}
	if account.Name != "" && account.Name == pod.ServiceAccountName {
		key := client.ObjectKey{Namespace: cluster.GetNamespace(), Name: account.Name}
		made, err := owned.Cached(ctx, g.objects, owned.Name{Kind: owned.ServiceAccountKind, Key: key})
		switch {
		case err != nil:
			return err
		case made == nil && live.Spec.Template.Spec.ServiceAccountName == account.Name:
			// It was deleted by hand, and is made before the pods.
			return nil
		case made == nil:
			// It is made before the pods. They are tried with the one that there is.
			pod.ServiceAccountName = live.Spec.Template.Spec.ServiceAccountName
		}
	}
	wanted.UID = live.GetUID()
	return podtrial.Trial{Writer: g.owned.Writer, Live: g.owned.Live}.Admits(ctx, wanted)
}
