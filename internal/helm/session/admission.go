package session

import (
	"bytes"
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

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/storage"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
	"github.com/barq-db/barq-operator/internal/podtrial"
)

// admits refuses a revision before it is stored or applied, if that would fail. That is so if it does not fit a Secret,
// if another owner has one of its objects, or if the API server refuses it. The API server may also refuse its pods. An
// upgrade is tried whole in a dry run of the API server. The first revision is not tried, because nothing of it runs
// yet.
func (s *Session) admits(rendered *release.Release) error {
	if err := storage.Fits(rendered); err != nil {
		return err
	}
	helm, ok := s.Config().KubeClient.(*kubeclient.Client)
	if !ok {
		return nil
	}
	objects, err := helm.Build(bytes.NewBufferString(rendered.Manifest), false)
	if err != nil {
		return fmt.Errorf("reading the rendered manifest: %w", err)
	}
	before, err := s.listedBefore()
	if err != nil {
		return err
	}
	for _, wanted := range objects {
		if err := s.admitsOwner(wanted, before); err != nil {
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
	err = s.admitsPods(rendered, set)
	if len(s.next.restarts) > 0 {
		s.facts.Objects.Cause.Why = upgrade.Cause(s.next.restarts, s.next.secrets, s.next.plan, s.known.asked.Generation, upgrade.WasQueued(s.cluster))
	}
	return err
}

// admitsOwner refuses an object of another owner. Helm asks the API server only for objects that the former revision
// does not list.
func (s *Session) admitsOwner(wanted *resource.Info, before kube.ResourceList) error {
	var live metav1.Object
	found, err := owned.Cached(s.ctx, s.sessions.Owned.Cache, owned.NameOf(wanted))
	if found != nil {
		live = found
	} else if err == nil && before.Get(wanted) != nil {
		live, err = kubeclient.CurrentOf(wanted)
	}
	if live == nil || err != nil {
		return err
	}
	return owned.MayWrite(live, wanted, s.cluster)
}

// listedBefore returns the objects in the manifest of the newest revision; nil if that is not believed.
func (s *Session) listedBefore() (kube.ResourceList, error) {
	newest, err := s.Config().Releases.Last(s.cluster.GetName())
	if errors.Is(err, driver.ErrReleaseNotFound) || err == nil && !labels.Believed(newest) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.Config().KubeClient.Build(bytes.NewBufferString(newest.Manifest), false)
}

// admitsPods notes why a release restarts pods. It returns an error if the API server would refuse the pods that
// replace them. The API server would store tried as the StatefulSet.
func (s *Session) admitsPods(rendered *release.Release, tried *unstructured.Unstructured) error {
	cluster := s.cluster
	found, err := owned.Cached(s.ctx, s.sessions.Owned.Cache, owned.Name{Kind: owned.StatefulSetKind, Key: client.ObjectKeyFromObject(cluster)})
	live, ok := found.(*appsv1.StatefulSet)
	if err != nil || !ok {
		return err
	}
	after := &appsv1.StatefulSet{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(tried.Object, after); err != nil {
		return fmt.Errorf("reading what StatefulSet %s would be: %w", cluster.GetName(), err)
	}
	changed, err := upgrade.ChangedFields(&live.Spec.Template, &after.Spec.Template)
	if err != nil || len(changed) == 0 || ptr.Deref(after.Spec.Replicas, 1) == 0 {
		return err
	}
	wanted, err := manifest.Typed[appsv1.StatefulSet](rendered.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return err
	}
	pod := &wanted.Spec.Template.Spec
	account, err := manifest.Typed[corev1.ServiceAccount](rendered.Manifest, "ServiceAccount")
	if err = errors.Join(err, s.noteRestart(changed, after, pod)); err != nil {
		return err
	}
	if account.Name != "" && account.Name == pod.ServiceAccountName {
		key := client.ObjectKey{Namespace: cluster.GetNamespace(), Name: account.Name}
		made, err := owned.Cached(s.ctx, s.sessions.Owned.Cache, owned.Name{Kind: owned.ServiceAccountKind, Key: key})
		switch {
		case err != nil:
			return err
		case made == nil && live.Spec.Template.Spec.ServiceAccountName == account.Name:
			// A person has deleted it by hand. It is created before the pods.
			return nil
		case made == nil:
			// It is created before the pods. The trial uses the account of the current pods.
			pod.ServiceAccountName = live.Spec.Template.Spec.ServiceAccountName
		}
	}
	wanted.UID = live.GetUID()
	return podtrial.Trial{Writer: s.sessions.Owned.Writer, Live: s.sessions.Owned.Live}.Admits(s.ctx, wanted)
}

// noteRestart notes why pods restart. after is the StatefulSet that the API server would store, and pod what is
// rendered for it.
func (s *Session) noteRestart(changed []string, after *appsv1.StatefulSet, pod *corev1.PodSpec) (err error) {
	s.next.restarts, s.next.secrets = changed, upgrade.SecretsOf(pod)
	s.facts.Objects.Cause, err = clusters.NewCause(&after.Spec.Template, "")
	return err
}
