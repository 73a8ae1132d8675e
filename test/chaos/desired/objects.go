package desired

import (
	"context"
	"fmt"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
)

// Renderer renders BarqClusters.
type Renderer struct {
	// Admin stores nothing for it: it lets the API server say what it would store.
	Admin client.Client
	// Chart is the folder of the chart.
	Chart string
	// Empty is a namespace in which nothing is, so that no object is in the way of a rendered one.
	Empty string
	// Leave takes out of an object what others may have added to it or changed in it; nil where only the operator writes objects.
	Leave func(object *unstructured.Unstructured)
}

// objects are those of a BarqCluster, as the API server would store them had it none of them.
func (r Renderer) objects(ctx context.Context, cluster *v1alpha1.BarqCluster) ([]*unstructured.Unstructured, error) {
	values, err := translate.ToValues(cluster, translate.Facts{})
	if err != nil {
		return nil, err
	}
	// Rendering may change a chart, so each has its own.
	chart, err := loader.LoadDir(r.Chart)
	if err != nil {
		return nil, err
	}
	release, err := helmtemplate.Render(chart, cluster.Name, cluster.Namespace, values)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", cluster.Name, err)
	}
	var found []*unstructured.Unstructured
	for _, manifest := range releaseutil.SplitManifests(release.Manifest) {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil {
			return nil, err
		}
		object.SetNamespace(r.Empty)
		if err := r.Admin.Create(ctx, object, client.DryRunAll); err != nil {
			return nil, fmt.Errorf("let the API server fill in %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		markAsHelms(object, cluster)
		found = append(found, object)
	}
	return found, nil
}

// markAsHelms adds what Helm adds to the objects of a release.
func markAsHelms(object *unstructured.Unstructured, cluster *v1alpha1.BarqCluster) {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels["app.kubernetes.io/managed-by"] = "Helm"
	object.SetLabels(labels)
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["meta.helm.sh/release-name"] = cluster.Name
	annotations["meta.helm.sh/release-namespace"] = cluster.Namespace
	object.SetAnnotations(annotations)
}

// content is what of an object its maker decides: the rest is where it is, when it was made, and what became of it.
func (r Renderer) content(object *unstructured.Unstructured) map[string]any {
	kept := map[string]any{}
	object = object.DeepCopy()
	if r.Leave != nil {
		r.Leave(object)
	}
	for field, value := range object.Object {
		if field != "metadata" && field != "status" {
			kept[field] = value
		}
	}
	annotations := object.GetAnnotations()
	// The one sums up the rest, and the other says what was before.
	delete(annotations, apply.DigestAnnotation)
	delete(annotations, clusters.CauseAnnotation)
	kept["metadata"] = map[string]any{"labels": object.GetLabels(), "annotations": annotations}
	if address, _, _ := unstructured.NestedString(kept, "spec", "clusterIP"); object.GetKind() == "Service" && address != "None" {
		unstructured.RemoveNestedField(kept, "spec", "clusterIP")
		unstructured.RemoveNestedField(kept, "spec", "clusterIPs")
	}
	return kept
}
