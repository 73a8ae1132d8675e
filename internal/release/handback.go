package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/releaseutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/rollout"
)

// handBack makes of the release what it would be had a person installed it with Helm: its
// objects belong to no BarqCluster, or they would be deleted with it, and its
// revisions carry no mark of the operator.
//
// It can be interrupted anywhere. The newest revision is the last to lose its mark, and
// until then the next pass begins anew.
func (a *actions) handBack(name string) error {
	a.unsettle()
	revisions, err := a.Config().Releases.History(name)
	if err != nil {
		return fmt.Errorf("listing the revisions of Helm release %q: %w", name, err)
	}
	releaseutil.SortByRevision(revisions)
	// Those of older revisions too: an upgrade that failed has not made or removed all.
	for _, revision := range revisions {
		if err := a.disown(revision.Manifest); err != nil {
			return fmt.Errorf("handing back what revision %d of Helm release %q has made: %w", revision.Version, name, err)
		}
	}
	for _, revision := range revisions {
		// With the reference, a roll-back to this revision would let the objects be deleted.
		if revision.Manifest, err = withoutOwner(revision.Manifest, a.cluster.GetUID()); err != nil {
			return fmt.Errorf("handing back revision %d of Helm release %q: %w", revision.Version, name, err)
		}
		for _, label := range []string{managedByLabel, generationLabel, rollout.Label, adoptedSecretsLabel} {
			delete(revision.Labels, label)
		}
		if err := a.Config().Releases.Update(revision); err != nil {
			return fmt.Errorf("handing back revision %d of Helm release %q: %w", revision.Version, name, err)
		}
	}
	return nil
}

// disown takes the references to the BarqCluster off the objects of a manifest.
func disown(ctx context.Context, live client.Reader, writer client.Writer, builder kube.Interface, cluster client.Object, manifest string) error {
	objects, err := builder.Build(bytes.NewBufferString(manifest), false)
	if err != nil {
		return fmt.Errorf("reading the manifest: %w", err)
	}
	for _, listed := range objects {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(listed.Mapping.GroupVersionKind)
		if err := live.Get(ctx, client.ObjectKey{Namespace: listed.Namespace, Name: listed.Name}, object); client.IgnoreNotFound(err) != nil {
			return err
		}
		owners := object.GetOwnerReferences()
		others := slices.DeleteFunc(slices.Clone(owners), func(owner metav1.OwnerReference) bool { return owner.UID == cluster.GetUID() })
		if len(others) == len(owners) {
			continue
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			// Whatever was written meanwhile may have another owner.
			"resourceVersion": object.GetResourceVersion(),
			"ownerReferences": others,
		}})
		if err != nil {
			return err
		}
		if err := writer.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// withoutOwner takes the references to an owner out of a manifest.
func withoutOwner(manifest string, owner types.UID) (string, error) {
	documents := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 1024)
	var written strings.Builder
	for {
		var object map[string]any
		if err := documents.Decode(&object); errors.Is(err, io.EOF) {
			return written.String(), nil
		} else if err != nil {
			return "", fmt.Errorf("reading the manifest: %w", err)
		}
		if len(object) == 0 {
			continue
		}
		parsed := &unstructured.Unstructured{Object: object}
		others := slices.DeleteFunc(parsed.GetOwnerReferences(), func(reference metav1.OwnerReference) bool { return reference.UID == owner })
		unstructured.RemoveNestedField(object, "metadata", "ownerReferences")
		if len(others) > 0 {
			parsed.SetOwnerReferences(others)
		}
		content, err := yaml.Marshal(object)
		if err != nil {
			return "", fmt.Errorf("writing the manifest: %w", err)
		}
		written.WriteString("---\n")
		written.Write(content)
	}
}
