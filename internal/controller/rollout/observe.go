package rollout

import (
	"context"
	"fmt"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/signing"
)

// observe reads all BarqClusters from the caches. The lists are not copied, so its result must not
// point into them.
func observe(ctx context.Context, objects, secrets client.Reader, key *signing.Key) (map[types.UID]member, error) {
	list, err := listed(ctx, objects)
	if err != nil {
		return nil, err
	}
	uids := make(map[types.NamespacedName]types.UID, len(list))
	for i := range list {
		uids[client.ObjectKeyFromObject(&list[i])] = list[i].GetUID()
	}
	revisions, err := newestRevisions(ctx, secrets, key, uids)
	if err != nil {
		return nil, err
	}
	statefulSets, err := statefulSetsByOwner(ctx, objects)
	if err != nil {
		return nil, err
	}
	members := make(map[types.UID]member, len(list))
	for i := range list {
		cluster := &list[i]
		paused, _, _ := unstructured.NestedBool(cluster.Object, "spec", "paused")
		name := client.ObjectKeyFromObject(cluster)
		members[cluster.GetUID()] = member{
			name:        name,
			deleting:    cluster.GetDeletionTimestamp() != nil,
			paused:      paused,
			deadline:    deadlineOf(cluster),
			revision:    revisions[name],
			statefulSet: statefulSets[cluster.GetUID()],
		}
	}
	return members, nil
}

// deadlineOf returns how long a rollout of the BarqCluster may hold a slot.
func deadlineOf(cluster *unstructured.Unstructured) time.Duration {
	deadline := (&v1alpha1.BarqClusterSpec{}).ProgressDeadline()
	if seconds, given, err := unstructured.NestedInt64(cluster.Object, "spec", "progressDeadlineSeconds"); err == nil && given {
		deadline = time.Duration(seconds) * time.Second
	}
	return min(deadline, slotLimit)
}

// newestRevisions returns the newest revision of each release that the operator has signed. A tenant
// could write any other record, and would hold a slot with it. uids are the UIDs of the BarqClusters.
func newestRevisions(ctx context.Context, secrets client.Reader, key *signing.Key, uids map[types.NamespacedName]types.UID) (map[types.NamespacedName]*revision, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	if err := secrets.List(ctx, list, client.HasLabels{labels.Rollout}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the stored revisions of all releases: %w", err)
	}
	newest := map[types.NamespacedName]*revision{}
	for i := range list.Items {
		// Helm puts these labels on its records.
		says := list.Items[i].Labels
		name := types.NamespacedName{Namespace: list.Items[i].Namespace, Name: says["name"]}
		number, err := strconv.Atoi(says["version"])
		if err != nil || newest[name] != nil && newest[name].number > number || !key.VerifyMetadata(&list.Items[i], uids[name]) {
			continue
		}
		newest[name] = &revision{
			number:      number,
			unrequested: says[labels.Rollout] == labels.Unrequested,
			deployed:    says["status"] == "deployed",
			made:        storedAt(says),
		}
	}
	return newest, nil
}

// storedAt returns when a record was last stored. The labels are signed, unlike the creation time of
// the Secret: a record that a user restores keeps its age.
func storedAt(marks map[string]string) time.Time {
	for _, name := range []string{"modifiedAt", "createdAt"} {
		if seconds, err := strconv.ParseInt(marks[name], 10, 64); err == nil {
			return time.Unix(seconds, 0)
		}
	}
	return time.Time{}
}

// statefulSetsByOwner returns the progress of the StatefulSet of each BarqCluster.
func statefulSetsByOwner(ctx context.Context, objects client.Reader) (map[types.UID]*progress, error) {
	list := &appsv1.StatefulSetList{}
	if err := objects.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing StatefulSets: %w", err)
	}
	found := make(map[types.UID]*progress, len(list.Items))
	for i := range list.Items {
		if owner := metav1.GetControllerOfNoCopy(&list.Items[i]); owner != nil {
			found[owner.UID] = progressOf(&list.Items[i])
		}
	}
	return found, nil
}

// listed returns all BarqClusters in the cache.
func listed(ctx context.Context, reader client.Reader) ([]unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.BarqClusterKind.Kind + "List"))
	if err := reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing BarqClusters: %w", err)
	}
	return list.Items, nil
}
