package release

import (
	"context"
	"fmt"
	"strconv"

	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
)

// request is the spec that a person asks for.
type request struct {
	generation int64
	// applied is the newest generation of which the Helm side has said that there is
	// nothing left to do; zero if none. The generation of the newest revision may be
	// lower: not every change of a spec makes a revision.
	applied int64
}

// newerThan tells whether somebody has changed the spec, or a Secret that it refers to,
// since the revision was made. Of a revision that does not tell, nothing is known that
// anybody asked for.
//
// What the spec says is not compared: defaults of a new CRD change it, and nobody asked.
func (r request) newerThan(made *release.Release, values map[string]any) bool {
	// Of a revision that is not believed, the values are not known.
	return made.Config != nil && secretsChecksum(made.Config) != secretsChecksum(values) || r.edited(made)
}

// edited tells whether somebody has changed the spec since the revision was made.
func (r request) edited(made *release.Release) bool {
	generation, err := strconv.ParseInt(made.Labels[labels.Generation], 10, 64)
	if known := err == nil || r.applied != 0; !known {
		return false
	}
	return r.generation != generation && r.generation != r.applied
}

// secretsChecksum in the values of the chart changes with what the pods use of Secrets.
func secretsChecksum(values map[string]any) string {
	checksum, _ := values["secretsChecksum"].(string)
	return checksum
}

// plan is how an upgrade is to go.
type plan struct {
	// rollout is the label of the revision; see package rollout.
	rollout string
	// waits: it needs a slot to begin.
	waits bool
	// resumes: it needs a slot, and has begun already.
	resumes bool
}

// planOf decides about an upgrade from the newest revision. restarting tells whether it restarts pods.
func planOf(newest *release.Release, asked request, values map[string]any, restarting func() (bool, error)) (plan, error) {
	requested := asked.newerThan(newest, values)
	finished := newest.Info.Status == release.StatusDeployed
	before := newest.Labels[labels.Rollout]
	if requested && before != labels.Unrequested {
		// Whether it restarts pods makes no difference, and to find out takes as long as to render.
		return plan{rollout: labels.Requested}, nil
	}
	restarts, err := restarting()
	if err != nil {
		return plan{}, err
	}
	switch {
	case restarts && requested:
		return plan{rollout: labels.Requested}, nil
	case restarts && finished:
		return plan{rollout: labels.Unrequested, waits: true}, nil
	case before == labels.Unrequested:
		// The template was not asked for when it was new. Helm tries a revision that did not
		// finish again whatever is rendered.
		return plan{rollout: labels.Unrequested, resumes: !finished}, nil
	default:
		return plan{rollout: labels.Requested}, nil
	}
}

// restartsLivePods tells the same of the pods that there are, where it is not known from what manifest they were made.
func restartsLivePods(ctx context.Context, cache client.Reader, cluster client.Object, rendered string) (bool, error) {
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

// requestOf reads what is asked for, and how much of it was applied: the Helm side has
// said in the status of which generation there is nothing left to do.
func requestOf(object client.Object) (request, error) {
	cluster, ok := object.(*unstructured.Unstructured)
	if !ok {
		return request{}, fmt.Errorf("looking at %T: only BarqClusters are expected here", object)
	}
	asked := request{generation: cluster.GetGeneration()}
	status, err := releasestatus.Of(cluster)
	if err != nil {
		return request{}, err
	}
	for name, wanted := range map[string]metav1.ConditionStatus{
		v1alpha1.ConditionDeployed:       metav1.ConditionTrue,
		v1alpha1.ConditionReleaseFailed:  metav1.ConditionFalse,
		v1alpha1.ConditionIrreconcilable: metav1.ConditionFalse,
	} {
		if !meta.IsStatusConditionPresentAndEqual(status.Conditions, name, wanted) {
			return asked, nil
		}
	}
	asked.applied = meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionIrreconcilable).ObservedGeneration
	return asked, nil
}
