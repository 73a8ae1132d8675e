package upgrade

import (
	"context"
	"fmt"
	"strconv"

	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
)

// Request is the spec that a person asks for.
type Request struct {
	Generation int64
	// Applied is the newest generation for which the status says that nothing is left to do; zero if there is none. The
	// generation of the newest revision may be lower, because some changes of a spec need no revision.
	Applied int64
}

// NewerThan reports whether a person has changed the spec, or a Secret that it refers to, since the revision was
// created. For a revision without a generation, it reports false.
//
// It does not compare what the spec says: defaults of a new CRD change that too.
func (r Request) NewerThan(made *release.Release, values map[string]any) bool {
	// The values of a revision that is not believed are not known.
	return made.Config != nil && otherSecrets(made.Config, values) || r.Edited(made)
}

// otherSecrets reports whether a Secret has changed between two revisions. With an agent that reads credentials itself their
// checksum leaves these out, so that the checksums of before and after such an agent came or went say nothing.
func otherSecrets(before, after map[string]any) bool {
	return SecretsChecksum(before) != SecretsChecksum(after) && hasArchive(before) == hasArchive(after)
}

// hasArchive reports whether values have an agent that keeps the data in the tiers.
func hasArchive(values map[string]any) bool {
	_, found, _ := unstructured.NestedFieldNoCopy(values, "agent", "archive")
	return found
}

// Edited reports whether a person has changed the spec since the revision was created.
func (r Request) Edited(made *release.Release) bool {
	generation, err := strconv.ParseInt(made.Labels[labels.Generation], 10, 64)
	if known := err == nil || r.Applied != 0; !known {
		return false
	}
	return r.Generation != generation && r.Generation != r.Applied
}

// SecretsChecksum returns the value of the chart that changes with the contents of the Secrets that the pods use.
func SecretsChecksum(values map[string]any) string {
	checksum, _ := values["secretsChecksum"].(string)
	return checksum
}

// Plan is how an upgrade goes.
type Plan struct {
	// Rollout is the label of the revision; see package labels.
	Rollout string
	// Waits: it needs a slot before it can begin.
	Waits bool
	// Resumes: it needs a slot, and has begun already.
	Resumes bool
}

// PlanOf returns how an upgrade from the newest revision goes. restarting reports whether it restarts pods.
func PlanOf(newest *release.Release, asked Request, values map[string]any, restarting func() (bool, error)) (Plan, error) {
	requested := asked.NewerThan(newest, values)
	finished := newest.Info.Status == release.StatusDeployed
	before := newest.Labels[labels.Rollout]
	if requested && before != labels.Unrequested {
		// The result is the same whether or not it restarts pods, and finding that out takes as long as rendering.
		return Plan{Rollout: labels.Requested}, nil
	}
	restarts, err := restarting()
	if err != nil {
		return Plan{}, err
	}
	switch {
	case restarts && requested:
		return Plan{Rollout: labels.Requested}, nil
	case restarts && finished:
		return Plan{Rollout: labels.Unrequested, Waits: true}, nil
	case before == labels.Unrequested:
		// No person asked for the template when it was new. Helm tries an unfinished revision again whatever is
		// rendered.
		return Plan{Rollout: labels.Unrequested, Resumes: !finished}, nil
	default:
		return Plan{Rollout: labels.Requested}, nil
	}
}

// RestartsLivePods reports whether a manifest restarts the current pods. It is for pods whose own manifest is unknown.
func RestartsLivePods(ctx context.Context, cache client.Reader, cluster client.Object, rendered string) (bool, error) {
	live, err := owned.Cached(ctx, cache, owned.Name{Kind: owned.StatefulSetKind, Key: client.ObjectKeyFromObject(cluster)})
	if live == nil || err != nil || !owned.Controls(cluster, live) {
		return false, err
	}
	wanted, err := manifest.Typed[appsv1.StatefulSet](rendered, owned.StatefulSetKind.Kind)
	if err != nil {
		return false, err
	}
	if replicas := wanted.Spec.Replicas; replicas != nil && *replicas == 0 {
		return false, nil
	}
	have, err := manifest.Plain(live)
	if err != nil {
		return false, err
	}
	want, err := manifest.Plain(map[string]any{"spec": map[string]any{"template": wanted.Spec.Template}})
	return err == nil && !apply.Covers(have, want), err
}

// RequestOf returns the spec that a person asks for, and the generation for which the status says that nothing is left
// to do.
func RequestOf(object client.Object) (Request, error) {
	cluster, ok := object.(*unstructured.Unstructured)
	if !ok {
		return Request{}, fmt.Errorf("looking at %T: only BarqClusters are expected here", object)
	}
	asked := Request{Generation: cluster.GetGeneration()}
	status, err := releasestatus.Of(cluster)
	if err != nil {
		return Request{}, err
	}
	asked.Applied = clusters.AppliedGeneration(status.Conditions)
	return asked, nil
}
