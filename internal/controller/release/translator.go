package release

import (
	"context"

	"helm.sh/helm/v3/pkg/chartutil"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/adoption"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/releasestatus"
	"github.com/barq-db/barq-operator/internal/secrets"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/internal/workload"
)

// Translator finds the facts that a translation needs, and translates.
type Translator struct {
	// Secrets finds what the spec refers to.
	Secrets *secrets.Resolver
	// Cache reads StatefulSets without asking the API server.
	Cache client.Reader
	// DefaultImage is the image for a spec without one; empty means the chart's.
	DefaultImage string
	// AgentImage is the image of the agent; empty means none.
	AgentImage string
	// OperatorNamespace is the namespace of the operator, which asks the agents; empty while unknown.
	OperatorNamespace string
	// has reports whether the API server has an API; known is false while nothing is known. A nil has knows nothing.
	has func(api string) (has, known bool)
	// reasons tells the status why a BarqCluster is held back.
	reasons *releasestatus.Reasons
}

// PodMonitors reports whether the API server has PodMonitors; nil while nothing is known.
func (t *Translator) PodMonitors() *bool { return t.hasKind(owned.PodMonitorKind) }

// ServiceMonitors reports whether the API server has ServiceMonitors; nil while nothing is known.
func (t *Translator) ServiceMonitors() *bool { return t.hasKind(owned.ServiceMonitorKind) }

func (t *Translator) hasKind(kind schema.GroupVersionKind) *bool {
	has, known := t.hasAPI(kind.GroupVersion().String() + "/" + kind.Kind)
	if !known {
		return nil
	}
	return &has
}

func (t *Translator) hasAPI(api string) (has, known bool) {
	if t.has == nil {
		return false, false
	}
	return t.has(api)
}

// openShift is the API by which the chart recognizes OpenShift, which assigns a user and groups to the pods of each
// namespace. The API server lists it even while the server behind it does not answer.
const openShift = "security.openshift.io/v1"

// assignsIDs reports whether the chart leaves user and groups of pods to the platform.
func (t *Translator) assignsIDs() bool {
	has, _ := t.hasAPI(openShift)
	return has
}

// Translate returns the chart values for a BarqCluster. It fails while a Secret, a key of a Secret, an account or a
// PriorityClass that the spec refers to is missing. That holds the release back and leaves running pods alone. The
// failure is not retried where a change of what is missing starts a new reconcile.
func (t *Translator) Translate(ctx context.Context, object *unstructured.Unstructured) (chartutil.Values, error) {
	if err := adoption.CheckAnnotations(object); err != nil {
		return nil, reconcile.TerminalError(err)
	}
	cluster, err := v1alpha1.FromUnstructured(object)
	if err != nil {
		return nil, reconcile.TerminalError(err)
	}
	resolution, err := t.Secrets.Resolve(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if resolution.HoldsBack() {
		t.reasons.Note(object.GetUID(), resolution.Reason())
		held := secrets.HeldBack(resolution)
		if resolution.Unwatched {
			return nil, kubeclient.Later{Err: held, After: kubeclient.DelayOf(1)}
		}
		return nil, reconcile.TerminalError(held)
	}
	statefulSet := &appsv1.StatefulSet{}
	if err := t.Cache.Get(ctx, client.ObjectKeyFromObject(cluster), statefulSet, client.UnsafeDisableDeepCopy); client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	agentImage := t.agentImage(object, statefulSet)
	values, err := translate.ToValues(cluster, translate.Facts{
		DefaultImage:      t.DefaultImage,
		AgentImage:        agentImage,
		OperatorNamespace: t.OperatorNamespace,
		SecretsChecksum:   resolution.ChecksumFor(agentImage != ""),
		Template:          clusters.Template(statefulSet),
		KeepIDs:           t.assignsIDs() && hasChartIDs(statefulSet),
	})
	if err != nil {
		return nil, reconcile.TerminalError(err)
	}
	return values, nil
}

// agentImage returns the image of the agent. Pods that run without one keep doing so while the annotation allows the
// operator to adopt a release, because that restarts nothing.
func (t *Translator) agentImage(cluster client.Object, statefulSet *appsv1.StatefulSet) string {
	// The caller has checked the annotation.
	adopts, _ := adoption.Adopts(cluster)
	if adopts && statefulSet.Name != "" && !workload.HasAgent(statefulSet.Spec.Template.Spec.Containers) {
		return ""
	}
	return t.AgentImage
}

// hasChartIDs reports whether the pods of a StatefulSet run with the chart's own user and groups.
func hasChartIDs(statefulSet *appsv1.StatefulSet) bool {
	given, own := statefulSet.Spec.Template.Spec.SecurityContext, translate.ChartIDs()
	return given != nil && ptr.Equal(given.RunAsUser, own.RunAsUser) && ptr.Equal(given.RunAsGroup, own.RunAsGroup) &&
		ptr.Equal(given.FSGroup, own.FSGroup)
}
