package adoption

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// labelLimit is the most bytes that the value of a label may have.
const labelLimit = 63

// Check returns an error for a person's release that the operator may not adopt, or may not adopt now.
func Check(cluster client.Object, found *release.Release) error {
	adopts, err := Adopts(cluster)
	switch {
	case err != nil:
		return err
	case !adopts:
		return fmt.Errorf("the Helm release %q was installed by hand, and the operator does not take it over. Annotate the BarqCluster with %s=%s to have it taken over, "+
			"give the BarqCluster another name, or uninstall that release", found.Name, v1alpha1.AnnotationAdoptRelease, found.Name)
	case found.Info.Status != release.StatusDeployed:
		return fmt.Errorf("the Helm release %q is %s and can be taken over only when it is deployed; make it so with helm upgrade or helm rollback",
			found.Name, found.Info.Status)
	default:
		return nil
	}
}

// WithoutChecksum returns values without the checksum of Secrets, as long as the Secrets of an adopted release are the
// same as at its adoption. adopted is the label in which the next revision keeps that checksum. It is empty if the
// release was not adopted.
func WithoutChecksum(stored *release.Release, values map[string]any) (without map[string]any, adopted string) {
	checksum := upgrade.SecretsChecksum(values)
	short := checksum[:min(len(checksum), labelLimit)]
	switch {
	case labels.IsOurs(stored):
		adopted = stored.Labels[labels.AdoptedSecrets]
	case upgrade.SecretsChecksum(stored.Config) == "":
		adopted = short
	}
	if short == "" || short != adopted {
		return values, adopted
	}
	without = maps.Clone(values)
	without["secretsChecksum"] = ""
	return without, adopted
}

// Trial returns the current StatefulSet and the one after a patch; nil if there is none.
type Trial interface {
	Try(ctx context.Context, name client.ObjectKey, patch func(live *appsv1.StatefulSet) ([]byte, error)) (before, after *appsv1.StatefulSet, err error)
}

// Unchanged refuses to adopt a release if that would restart, remove or strand a pod. name is that of the StatefulSet:
// what a record says does not decide which one is looked at. The error names what you have to change first.
func Unchanged(ctx context.Context, trial Trial, name client.ObjectKey, stored, rendered *release.Release) error {
	before, err := manifest.Typed[appsv1.StatefulSet](stored.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return fmt.Errorf("reading the manifest of the stored release: %w", err)
	}
	after, err := manifest.Typed[appsv1.StatefulSet](rendered.Manifest, owned.StatefulSetKind.Kind)
	if err != nil {
		return fmt.Errorf("reading the rendered manifest: %w", err)
	}
	fields, err := fixedDifferences(before, after)
	if err == nil && len(fields) == 0 {
		fields, err = tried(ctx, trial, name, before, after)
	}
	if err != nil || len(fields) == 0 {
		return err
	}
	const most = 8
	named := strings.Join(fields[:min(most, len(fields))], ", ")
	if more := len(fields) - most; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("taking over the Helm release %q would restart or delete its pods, because the spec asks for another StatefulSet in %s. "+
		"Write a spec that gives what runs, and change it afterwards", stored.Name, named)
}

// tried asks the API server which StatefulSet would result from the upgrade. The API server knows the defaults, the
// mutating webhooks, and changes by hand.
func tried(ctx context.Context, trial Trial, name client.ObjectKey, stored, rendered *appsv1.StatefulSet) ([]string, error) {
	live, patched, err := trial.Try(ctx, name, func(live *appsv1.StatefulSet) ([]byte, error) { return upgradePatch(stored, rendered, live) })
	if err != nil || live == nil {
		return nil, err
	}
	fields, err := manifest.Differences("spec.template", live.Spec.Template, patched.Spec.Template)
	if err != nil {
		return nil, err
	}
	if have, want := live.Spec.Replicas, patched.Spec.Replicas; have != nil && want != nil && *want < *have {
		fields = append(fields, "spec.replicas")
	}
	return fields, nil
}

// upgradePatch returns the patch that Helm would send in an upgrade.
func upgradePatch(stored, rendered, live *appsv1.StatefulSet) ([]byte, error) {
	from, err := json.Marshal(stored)
	want, wantErr := json.Marshal(rendered)
	have, haveErr := json.Marshal(live)
	rules, rulesErr := strategicpatch.NewPatchMetaFromStruct(live)
	if err := errors.Join(err, wantErr, haveErr, rulesErr); err != nil {
		return nil, err
	}
	return strategicpatch.CreateThreeWayMergePatch(from, want, have, rules, true)
}

// DryRun is a trial by a dry run of the API server, which stores nothing.
type DryRun struct {
	// Live reads from the API server itself.
	Live   client.Reader
	Writer client.Writer
}

// Try returns the StatefulSet before and after a strategic merge patch.
func (d DryRun) Try(ctx context.Context, name client.ObjectKey, patch func(live *appsv1.StatefulSet) ([]byte, error),
) (before, after *appsv1.StatefulSet, err error) {
	before = &appsv1.StatefulSet{}
	if err := d.Live.Get(ctx, name, before); err != nil {
		return nil, nil, client.IgnoreNotFound(err)
	}
	// Only the spec and the chart's own fields count.
	before.ManagedFields, before.Status = nil, appsv1.StatefulSetStatus{}
	content, err := patch(before)
	if err != nil {
		return nil, nil, fmt.Errorf("comparing StatefulSet %s with the release: %w", name, err)
	}
	after = before.DeepCopy()
	if err := d.Writer.Patch(ctx, after, client.RawPatch(types.StrategicMergePatchType, content), client.DryRunAll); err != nil {
		if apierrors.IsInvalid(err) {
			return nil, nil, fmt.Errorf("the Helm release cannot be taken over: %w", err)
		}
		return nil, nil, err
	}
	return before, after, nil
}

// fixedDifferences returns the names of the fields that differ and that the API server does not let anyone change.
func fixedDifferences(before, after *appsv1.StatefulSet) ([]string, error) {
	fixed := func(set *appsv1.StatefulSet) map[string]any {
		return map[string]any{
			"serviceName":          set.Spec.ServiceName,
			"podManagementPolicy":  set.Spec.PodManagementPolicy,
			"selector":             set.Spec.Selector,
			"volumeClaimTemplates": set.Spec.VolumeClaimTemplates,
		}
	}
	return manifest.Differences("spec", fixed(before), fixed(after))
}
