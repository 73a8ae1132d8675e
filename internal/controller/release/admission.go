package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
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
