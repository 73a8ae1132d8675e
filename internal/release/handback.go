package release

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/helm/storage"
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
	if err := a.release(); err != nil {
		return fmt.Errorf("handing back Helm release %q: %w", name, err)
	}
	releases := storage.Of(a.Config().Releases)
	revisions, err := releases.ReadAll()
	if err != nil {
		return fmt.Errorf("handing back Helm release %q: %w", name, err)
	}
	for _, one := range slices.Backward(revisions) {
		if err := a.handBackRecord(releases, one); err != nil {
			return fmt.Errorf("handing back revision %d of Helm release %q: %w", one.Number, name, err)
		}
	}
	return nil
}

// handBackRecord takes the operator's marks off a record, and the BarqCluster off the objects in its manifest: with the reference, a
// roll-back to this revision would let them be deleted.
//
// The manifest of an unsigned record may be no manifest. It stays as it is then: the BarqCluster goes, and Helm can apply nothing of it.
func (a *actions) handBackRecord(releases *storage.Driver, one *storage.Record) error {
	manifest, err := one.Manifest()
	if err == nil {
		manifest, err = withoutOwner(manifest, a.cluster.GetUID())
	}
	switch {
	case err == nil:
		if err := one.SetManifest(manifest); err != nil {
			return err
		}
	case one.Signed():
		return err
	}
	for _, label := range []string{storage.ManagedByLabel, storage.GenerationLabel, rollout.Label, storage.AdoptedSecretsLabel} {
		delete(one.Release.Labels, label)
	}
	return releases.Update(one.Secret, one.Release)
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
