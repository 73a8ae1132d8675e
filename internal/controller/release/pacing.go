package release

import (
	"context"
	"maps"
	"slices"
	"strconv"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/internal/helm/manifest"
)

// Rollouts paces roll-outs that nobody asked for. *rollout.Queue does.
type Rollouts interface {
	// Begin asks for a slot; without one the roll-out has to wait. change says what it is for.
	Begin(ctx context.Context, cluster client.Object, change string) (bool, error)
	// Resume takes a slot for a roll-out that cannot be held back any more.
	Resume(cluster client.Object)
	// Hold tells that a roll-out waits because data is at risk.
	Hold(cluster client.Object)
	// Made tells which revision was made with the slot.
	Made(cluster client.Object, revision int)
	// Leave tells that nothing waits any more.
	Leave(cluster types.UID)
}

// pace decides whether the upgrade to what was rendered goes now. While it has to wait it
// gives the newest revision instead, so that the library finds nothing to upgrade, and
// keeps the objects as that revision has them.
func (a *actions) pace(name string, rendered *release.Release, values map[string]any) (*release.Release, error) {
	if a.newest == nil {
		newest, err := a.ActionInterface.Get(name)
		if err != nil {
			return nil, err
		}
		a.newest = newest
	}
	var err error
	restarting := func() (bool, error) {
		if !labels.Believed(a.newest) {
			return a.restarts(rendered)
		}
		return manifest.RestartsPods(a.newest.Manifest, rendered.Manifest)
	}
	if a.plan, err = planOf(a.newest, a.asked, values, restarting); err != nil {
		return nil, err
	}
	if dataAtRisk(a.cluster) && !a.asked.edited(a.newest) && !a.plan.resumes {
		// A new Secret and a new operator can wait; the data on a claim that is being deleted goes with the next restart.
		restarts, err := restarting()
		if err != nil {
			return nil, err
		}
		if a.held = restarts; restarts {
			a.getter.rollouts.Hold(a.cluster)
			return a.newest, nil
		}
	}
	if !a.plan.waits {
		return rendered, nil
	}
	change, err := a.changeTo(rendered)
	if err != nil {
		return nil, err
	}
	begins, err := a.begin(change)
	if err != nil {
		return nil, err
	}
	if a.held = !begins; a.held {
		return a.newest, nil
	}
	return rendered, nil
}

// dataAtRisk reports whether the volumes controller says that data goes when a pod stops.
func dataAtRisk(cluster client.Object) bool {
	return says(cluster, v1alpha1.ConditionVolumesResized, v1alpha1.ReasonDataAtRisk)
}

// wasQueued reports whether the status says that a change waits that the spec does not ask for.
func wasQueued(cluster client.Object) bool {
	return says(cluster, v1alpha1.ConditionChangesPending, v1alpha1.ReasonRolloutQueued)
}

// says reports whether a condition of the BarqCluster has a reason.
func says(cluster client.Object, name, reason string) bool {
	object, ok := cluster.(*unstructured.Unstructured)
	if !ok {
		return false
	}
	status, _ := object.Object["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	return slices.ContainsFunc(conditions, func(condition any) bool {
		named, _ := condition.(map[string]any)
		return named["type"] == name && named["reason"] == reason
	})
}

// upgraded tells of a revision that was made, whether or not it failed.
func (a *actions) upgraded(made *release.Release) {
	switch {
	case !a.plan.waits && !a.plan.resumes:
		a.getter.rollouts.Leave(a.cluster.GetUID())
	case made != nil:
		a.getter.rollouts.Made(a.cluster, made.Version)
	}
}

// labels are those of the next revision. They mark it as the operator's (see guard),
// and say what it was made for.
func (a *actions) labels() map[string]string {
	made := map[string]string{
		labels.ManagedBy:  labels.Operator,
		labels.Generation: strconv.FormatInt(a.asked.generation, 10),
		labels.Rollout:    a.plan.rollout,
	}
	if a.adoptedSecrets != "" {
		made[labels.AdoptedSecrets] = a.adoptedSecrets
	}
	return made
}

func withInstallLabels(labels map[string]string) helmclient.InstallOption {
	return func(install *action.Install) error {
		install.Labels = maps.Clone(labels)
		return nil
	}
}

func withUpgradeLabels(labels map[string]string) helmclient.UpgradeOption {
	return func(upgrade *action.Upgrade) error {
		upgrade.Labels = maps.Clone(labels)
		return nil
	}
}
