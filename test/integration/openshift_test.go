package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// firstOfRange is the user and the group that testdata/restricted-v2.yaml assigns.
const firstOfRange = int64(1000650000)

// assignIDs lets the API server assign users and groups to pods of namespaces with a label, as OpenShift does.
func assignIDs(t *testing.T) {
	t.Helper()
	needsKind(t, admissionregistrationv1.SchemeGroupVersion.WithKind("MutatingAdmissionPolicy"), "it assigns users and groups to pods")
	file := filepath.Join("testdata", "restricted-v2.yaml")
	output(t, kubectl("apply", "-f", file))
	t.Cleanup(func() { _, _ = kubectl("delete", "-f", file).CombinedOutput() })
}

// newRange makes a namespace whose pods get a user and a group of its range.
func newRange(t *testing.T) string {
	t.Helper()
	namespace := newNamespace(t)
	output(t, kubectl("label", "namespace", namespace, "uidrange=yes"))
	// Policies and labels reach the API server's admission after a moment.
	eventually(t, func() string {
		for _, ids := range []*corev1.PodSecurityContext{nil, {RunAsUser: ptr.To[int64](1000)}} {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "probe"},
				Spec:       corev1.PodSpec{SecurityContext: ids, Containers: []corev1.Container{{Name: "probe", Image: "probe"}}},
			}
			err := admin.Create(t.Context(), pod, client.DryRunAll)
			if ids == nil && (err != nil || pod.Spec.SecurityContext == nil || pod.Spec.SecurityContext.FSGroup == nil) {
				return "no group is assigned yet"
			}
			if ids != nil && err == nil {
				return "a user out of the range is taken"
			}
		}
		return ""
	})
	return namespace
}

// ids are the user and the groups of a pod or a template.
type ids struct {
	user, group, fsGroup *int64
	further              []int64
	policy               corev1.PodFSGroupChangePolicy
}

func idsOf(t *testing.T, spec *corev1.PodSpec) ids {
	t.Helper()
	security := spec.SecurityContext
	require.True(t, *security.RunAsNonRoot)
	require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, security.SeccompProfile.Type)
	found := ids{
		user: security.RunAsUser, group: security.RunAsGroup, fsGroup: security.FSGroup, further: security.SupplementalGroups,
		policy: *security.FSGroupChangePolicy,
	}
	if user := spec.Containers[0].SecurityContext.RunAsUser; user != nil {
		found.user = user
	}
	return found
}

func requireIDs(t *testing.T, cluster *v1alpha1.BarqCluster, want ids) {
	t.Helper()
	for _, pod := range pods(t, cluster) {
		require.Equal(t, want, idsOf(t, &pod.Spec))
	}
}

var (
	chartsIDs = ids{user: ptr.To[int64](1000), group: ptr.To[int64](1000), fsGroup: ptr.To[int64](1000), policy: corev1.FSGroupChangeOnRootMismatch}
	// assigned are those that the platform gives; the group of the user is the image's.
	assigned = ids{user: ptr.To(firstOfRange), fsGroup: ptr.To(firstOfRange), policy: corev1.FSGroupChangeOnRootMismatch}
)

// Where user and groups are assigned to each namespace, the spec can leave them out or name one of the range. What is not of the range is
// said with the API server's own words.
func TestUserAndGroups(t *testing.T) {
	t.Parallel()
	assignIDs(t)
	namespace := newRange(t)
	refusedPod := func(name, spec, message string) {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, namespace, name, spec)
			eventually(t, func() string {
				refresh(t, cluster)
				said := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
				if said == nil || said.Reason != v1alpha1.ReasonPodsNotReady {
					return "no trouble yet"
				}
				require.Contains(t, said.Message, "FailedCreate")
				require.Contains(t, said.Message, message)
				return ""
			})
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.PodSecurityContext = &v1alpha1.PodSecurityContext{} })
			waitReady(t, cluster)
			requireIDs(t, cluster, assigned)
		})
	}
	refusedPod("ids-of-the-chart", `{}`, "runAsUser must be in the namespace's range, or absent")
	refusedPod("user", `podSecurityContext: {runAsUser: 1000660000}`, "runAsUser must be in the namespace's range, or absent")
	refusedPod("group", `podSecurityContext: {runAsUser: 1000650001, fsGroup: 1}`, "fsGroup must be in the namespace's range, or absent")

	for name, test := range map[string]struct {
		spec string
		want ids
	}{
		"none":  {`podSecurityContext: {}`, assigned},
		"of-it": {`podSecurityContext: {runAsUser: 1000650007, fsGroup: 1000650008}`, ids{user: ptr.To[int64](1000650007), fsGroup: ptr.To[int64](1000650008), policy: corev1.FSGroupChangeOnRootMismatch}},
		"all": {
			`podSecurityContext: {runAsUser: 1000650007, runAsGroup: 0, fsGroup: 1000650008, fsGroupChangePolicy: Always, supplementalGroups: [0, 2147483647]}`,
			ids{
				user: ptr.To[int64](1000650007), group: ptr.To[int64](0), fsGroup: ptr.To[int64](1000650008),
				further: []int64{0, 2147483647}, policy: corev1.FSGroupChangeAlways,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, namespace, name, test.spec)
			waitReady(t, cluster)
			requireIDs(t, cluster, test.want)
		})
	}
}

// Elsewhere a change of the field reaches the pods, and without it they have again what they had.
func TestUserAndGroupsAreThoseOfTheLastSpec(t *testing.T) {
	cluster := newCluster(t, newNamespace(t), "db", `{}`)
	waitReady(t, cluster)
	requireIDs(t, cluster, chartsIDs)
	for _, chosen := range []*v1alpha1.PodSecurityContext{
		{RunAsUser: ptr.To[int64](2000), FSGroup: ptr.To[int64](2000), SupplementalGroups: []int64{1, 2}},
		{SupplementalGroups: []int64{2}},
		{},
		nil,
	} {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.PodSecurityContext = chosen })
		waitReady(t, cluster)
		want := chartsIDs
		if chosen != nil {
			want = ids{user: chosen.RunAsUser, fsGroup: chosen.FSGroup, further: chosen.SupplementalGroups, policy: corev1.FSGroupChangeOnRootMismatch}
		}
		requireIDs(t, cluster, want)
	}
}

// On OpenShift the operator leaves user and groups to the platform by itself. A database that runs there with those of the chart, by leave of
// an administrator, keeps them until its spec says otherwise: the operator's upgrade restarts nothing.
func TestOpenShift(t *testing.T) {
	before := newCluster(t, newNamespace(t), "db", `{}`)
	waitReady(t, before)
	runs := identities(t, before)

	operator.Stop()
	file := filepath.Join("testdata", "openshift.yaml")
	output(t, kubectl("apply", "-f", file))
	output(t, kubectl("wait", "--for=condition=Established", "-f", file))
	t.Cleanup(func() {
		operator.Stop()
		_, _ = kubectl("delete", "-f", file, "--wait").CombinedOutput()
		require.NoError(t, operator.Start())
	})
	require.NoError(t, operator.Start())
	assignIDs(t)
	namespace := newRange(t)

	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	requireIDs(t, cluster, assigned)
	require.Nil(t, statefulSet(t, cluster).Spec.Template.Spec.SecurityContext.RunAsUser)
	require.Nil(t, statefulSet(t, cluster).Spec.Template.Spec.SecurityContext.FSGroup)
	requireIdle(t, cluster)

	waitReady(t, before)
	require.Equal(t, runs, identities(t, before))
	change(t, before, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	waitReady(t, before)
	requireIDs(t, before, chartsIDs)
	change(t, before, func(spec *v1alpha1.BarqClusterSpec) { spec.PodSecurityContext = &v1alpha1.PodSecurityContext{} })
	waitReady(t, before)
	requireIDs(t, before, ids{policy: corev1.FSGroupChangeOnRootMismatch})
	change(t, before, func(spec *v1alpha1.BarqClusterSpec) { spec.PodSecurityContext = nil })
	waitReady(t, before)
	requireIDs(t, before, ids{policy: corev1.FSGroupChangeOnRootMismatch})
}

// The pods of the operator itself are taken there, of the manifests, of its chart and of the bundle.
func TestTheOperatorsPodsUnderUserIDsOfTheirNamespace(t *testing.T) {
	assignIDs(t)
	namespace := newRange(t)
	for name, spec := range map[string]appsv1.DeploymentSpec{
		"manifests": deploymentIn(t, output(t, kubectl("kustomize", filepath.Join(root, "config", "manager")))).Spec,
		"chart": deploymentIn(t, output(t, helm("template", "barq-operator", filepath.Join(root, "helm-charts", "barq-operator"),
			"--show-only", "templates/deployment.yaml"))).Spec,
		"bundle": deploymentOfTheBundle(t),
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: spec.Template.Spec}
			pod.Spec.ServiceAccountName = "default"
			require.NoError(t, admin.Create(t.Context(), pod, client.DryRunAll))
			require.Equal(t, firstOfRange, *pod.Spec.Containers[0].SecurityContext.RunAsUser)
			require.True(t, *pod.Spec.SecurityContext.RunAsNonRoot)
		})
	}
}

// deploymentOfTheBundle is what the Operator Lifecycle Manager makes of it.
func deploymentOfTheBundle(t *testing.T) appsv1.DeploymentSpec {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "bundle", "manifests", "barq-operator.clusterserviceversion.yaml"))
	require.NoError(t, err)
	var csv operatorsv1alpha1.ClusterServiceVersion
	require.NoError(t, yaml.Unmarshal(content, &csv))
	deployments := csv.Spec.InstallStrategy.StrategySpec.DeploymentSpecs
	require.Len(t, deployments, 1)
	return deployments[0].Spec
}

// deploymentIn finds the only Deployment in manifests.
func deploymentIn(t *testing.T, manifests string) *appsv1.Deployment {
	t.Helper()
	for manifest := range strings.SplitSeq(manifests, "\n---\n") {
		deployment := &appsv1.Deployment{}
		require.NoError(t, yaml.Unmarshal([]byte(manifest), deployment))
		if deployment.Kind == "Deployment" {
			return deployment
		}
	}
	require.Fail(t, "there is no Deployment", manifests)
	return nil
}
