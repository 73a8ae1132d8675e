package release

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/internal/rollout"
	"github.com/barq-db/barq-operator/internal/version"
)

func TestChangedFields(t *testing.T) {
	before := &corev1.PodTemplateSpec{}
	before.Annotations = map[string]string{"barq.db/secrets-checksum": "a", "note": "kept"}
	before.Spec.TerminationGracePeriodSeconds = ptr.To[int64](60)
	before.Spec.Containers = []corev1.Container{{
		Name: "barq-db", Image: "a", Env: []corev1.EnvVar{{Name: "RUST_LOG", Value: "info"}},
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")}},
	}}
	found, err := changedFields(before, before.DeepCopy())
	require.NoError(t, err)
	require.Empty(t, found)

	after := before.DeepCopy()
	after.Annotations["barq.db/secrets-checksum"] = "b"
	after.Spec.PriorityClassName = "high"
	after.Spec.TerminationGracePeriodSeconds = nil
	after.Spec.Containers[0].Env[0].Value = "debug"
	after.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("1")
	found, err = changedFields(before, after)
	require.NoError(t, err)
	require.Equal(t, []string{
		secretsField, "spec.containers[barq-db].env[RUST_LOG].value", "spec.containers[barq-db].resources.requests.cpu",
		"spec.priorityClassName", "spec.terminationGracePeriodSeconds",
	}, found)
}

func TestWhyPodsRestart(t *testing.T) {
	const image = "spec.containers[barq-db].image"
	for name, test := range map[string]struct {
		changed []string
		rollout string
		want    string
	}{
		"a field":   {[]string{image}, rollout.Requested, "the spec has changed (generation 3): " + image},
		"a Secret":  {[]string{secretsField}, rollout.Requested, "a Secret that the spec refers to has changed, or another one is referred to"},
		"both":      {[]string{secretsField, image}, rollout.Requested, "the spec (generation 3) and a Secret that it refers to have changed: " + image},
		"operator":  {[]string{image}, rollout.Unrequested, "operator " + version.Version + " makes them otherwise than the one before, for the same spec: " + image},
		"very many": {[]string{"a", "b", "c", "d", "e", "f", "g"}, rollout.Requested, "the spec has changed (generation 3): a, b, c, d, e and 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, causeOf(test.changed, plan{rollout: test.rollout}, 3))
		})
	}
}

func TestARestartIsTold(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	a := &actions{getter: &actionsGetter{events: recorder}, facts: &passFacts{}, cluster: testCluster(), asked: request{generation: 2}}
	a.tellsRestart()
	require.Empty(t, recorder.Events, "no pod restarts")
	a.facts.restarts = []string{"spec.priorityClassName"}
	a.tellsRestart()
	require.Equal(t, "Normal RollingOut the pods are replaced, because the spec has changed (generation 2): spec.priorityClassName", <-recorder.Events)
	a.getter.events = nil
	a.tellsRestart()
}
