package desired

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// atOnce is how many BarqClusters are compared at a time.
const atOnce = 8

// kinds are all that the chart can render here. One that is missing would show as objects that are missing.
var kinds = []schema.GroupVersionKind{
	appsv1.SchemeGroupVersion.WithKind("StatefulSet"),
	corev1.SchemeGroupVersion.WithKind("Service"),
	corev1.SchemeGroupVersion.WithKind("ConfigMap"),
	corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
	networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"),
	policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"),
}

// Differences is what is not as it should be, an entry for each object, which says what it is about.
type Differences struct {
	// Missing objects are rendered, and not there. Orphaned ones are there, and not rendered, or not owned by their
	// BarqCluster. Changed ones differ.
	Missing, Orphaned, Changed []string
}

// Count is the number of objects that are not as they should be.
func (d *Differences) Count() int { return len(d.Missing) + len(d.Orphaned) + len(d.Changed) }

// Compare compares all that is in a namespace, where only the operator makes objects with the chart's labels.
func (r Renderer) Compare(ctx context.Context, namespace string, clusters []v1alpha1.BarqCluster) (*Differences, error) {
	left, err := r.read(ctx, namespace)
	if err != nil {
		return nil, err
	}
	found := &Differences{}
	var lock sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range clusters {
		cluster := &clusters[i]
		group.Go(func() error {
			objects, err := r.objects(ctx, cluster)
			if err != nil {
				return err
			}
			lock.Lock()
			defer lock.Unlock()
			for _, object := range objects {
				found.add(cluster, r, object, left)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		found.Orphaned = append(found.Orphaned, name+" is there, and no BarqCluster has it")
	}
	return found, nil
}

// add compares one object with what is there, and takes it from what is left.
func (d *Differences) add(cluster *v1alpha1.BarqCluster, by Renderer, wanted *unstructured.Unstructured, left map[string]*unstructured.Unstructured) {
	name := describe(wanted)
	there, exists := left[name]
	delete(left, name)
	switch {
	case !exists:
		d.Missing = append(d.Missing, name+" is not there")
		return
	case !isOwned(there, cluster):
		d.Orphaned = append(d.Orphaned, fmt.Sprintf("%s is not owned by its BarqCluster: %v", name, there.GetOwnerReferences()))
	}
	if difference := cmp.Diff(by.content(wanted), by.content(there)); difference != "" {
		d.Changed = append(d.Changed, name+" is not as rendered (-), but (+):\n"+difference)
	}
}

// Versions gives of each object of a BarqCluster what changes when anyone writes what the chart could have rendered: the generation
// where there is one, because the resource version changes with the status too.
func (r Renderer) Versions(ctx context.Context, namespace, name string) (map[string]string, error) {
	all, err := r.read(ctx, namespace)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for described, object := range all {
		if object.GetLabels()["app.kubernetes.io/instance"] != name {
			continue
		}
		found[described] = object.GetResourceVersion()
		if generation := object.GetGeneration(); generation > 0 {
			found[described] = fmt.Sprintf("generation %d", generation)
		}
	}
	return found, nil
}

// isOwned tells whether the object goes when its BarqCluster does.
func isOwned(object *unstructured.Unstructured, cluster *v1alpha1.BarqCluster) bool {
	owner := metav1.GetControllerOf(object)
	return owner != nil && owner.UID == cluster.UID && len(object.GetOwnerReferences()) == 1
}

// read gives all objects with the chart's labels.
func (r Renderer) read(ctx context.Context, namespace string) (map[string]*unstructured.Unstructured, error) {
	found := map[string]*unstructured.Unstructured{}
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		err := r.Admin.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/name": "barq-db"})
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			found[describe(&list.Items[i])] = &list.Items[i]
		}
	}
	return found, nil
}

func describe(object *unstructured.Unstructured) string {
	return object.GetKind() + " " + object.GetName()
}
