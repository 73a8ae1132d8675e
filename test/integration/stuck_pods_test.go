package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/barqcluster"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// withMaxUnavailable starts a cluster whose StatefulSets replace no pod while another one does not answer, with an operator.
func withMaxUnavailable(t *testing.T) barqcluster.Kubernetes {
	t.Helper()
	folder := t.TempDir()
	control, err := cluster.Start(t.Context(), cluster.Options{
		Dir: filepath.Join(folder, "cluster"), Out: os.Stderr, FeatureGates: map[string]bool{"MaxUnavailableStatefulSet": true},
		Environment: []string{collectSeldom},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = control.Stop() })
	config, err := control.Config()
	require.NoError(t, err)
	other, err := client.New(config, client.Options{Scheme: admin.Scheme()})
	require.NoError(t, err)
	installed := operatorprocess.Kubernetes{Root: root, Admin: other, Kubeconfig: control.Kubeconfig(), Kubectl: kubectlProgram}
	require.NoError(t, installed.Install(t.Context()))
	kubeconfig := filepath.Join(folder, "operator.kubeconfig")
	require.NoError(t, installed.WriteKubeconfig(t.Context(), operatorprocess.Account, kubeconfig))
	process := &operatorprocess.Process{Program: operator.Program, Root: root, Kubeconfig: kubeconfig, Log: filepath.Join(folder, "operator.log")}
	require.NoError(t, process.Start())
	t.Cleanup(process.Stop)
	return barqcluster.Kubernetes{Client: other, Patience: 2 * patience}
}

const (
	brokenImage = "registry.example.com/barq-db:does-not-exist"
	goodImage   = "registry.example.com/barq-db:0.1.0"
)

// replacements are the names of the pods that the operator says it has replaced.
func replacements(t *testing.T, kubernetes barqcluster.Kubernetes, db *v1alpha1.BarqCluster) []string {
	t.Helper()
	var found []string
	for _, event := range kubernetes.Events(t, db) {
		if match := regexp.MustCompile(`^Normal StuckPodReplaced: the operator deletes pod (\S+), `).FindStringSubmatch(event); match != nil {
			found = append(found, match[1])
		}
	}
	slices.Sort(found)
	return found
}

// A StatefulSet controller with MaxUnavailableStatefulSet leaves a pod alone that is stuck on a former spec. The operator replaces
// it. Without the feature Kubernetes does: TestABrokenImageIsNamedAndHealsByItself.
func TestAPodThatIsStuckOnAFormerSpecIsReplaced(t *testing.T) {
	t.Parallel()
	kubernetes := withMaxUnavailable(t)
	for name, test := range map[string]func(*testing.T, barqcluster.Kubernetes){"replaced": stuckPodsAreReplaced, "left alone": stuckPodsAreLeftAlone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, kubernetes)
		})
	}
}

func stuckPodsAreReplaced(t *testing.T, kubernetes barqcluster.Kubernetes) {
	breakImage := func(spec *v1alpha1.BarqClusterSpec) { spec.Image = brokenImage }
	correctImage := func(spec *v1alpha1.BarqClusterSpec) { spec.Image = goodImage }
	for name, test := range map[string]struct {
		spec string
		// edit breaks what runs; nil for a spec that is broken from the beginning.
		edit, correct func(*v1alpha1.BarqClusterSpec)
		// stuck is what the status says until it is corrected.
		stuck string
		// replaced are the pods that the operator has to replace.
		replaced []string
	}{
		"image":      {`{replicas: 1}`, breakImage, correctImage, "ImagePullBackOff", []string{"db-0"}},
		"taken-back": {`{replicas: 1, image: ` + goodImage + `}`, breakImage, correctImage, "ImagePullBackOff", []string{"db-0"}},
		"first":      {`{replicas: 2, image: ` + brokenImage + `}`, nil, correctImage, "ImagePullBackOff", []string{"db-0", "db-1"}},
		"a-follower": {`{replicas: 3}`, breakImage, correctImage, "ImagePullBackOff", []string{"db-2"}},
		"crash-loop": {
			`{replicas: 1}`, func(spec *v1alpha1.BarqClusterSpec) { spec.PodAnnotations = map[string]string{crashLoop: "true"} },
			func(spec *v1alpha1.BarqClusterSpec) { spec.PodAnnotations = nil }, "CrashLoopBackOff",
			[]string{"db-0"},
		},
		"no-node": {
			`{replicas: 1}`, func(spec *v1alpha1.BarqClusterSpec) {
				spec.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000")}}
			},
			func(spec *v1alpha1.BarqClusterSpec) { spec.Resources = nil }, "Unschedulable",
			[]string{"db-0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, kubernetes.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
			db := clusterOf(t, name, "db", test.spec)
			require.NoError(t, kubernetes.Client.Create(t.Context(), db))
			if test.edit != nil {
				kubernetes.WaitReady(t, db)
				kubernetes.Change(t, db, test.edit)
			}
			kubernetes.Eventually(t, func() string { return saysOfReady(t, kubernetes, db, test.stuck) })
			before := kubernetes.Identities(t, db)
			kubernetes.Change(t, db, test.correct)
			kubernetes.WaitReady(t, db)
			require.Equal(t, test.replaced, replacements(t, kubernetes, db))
			after := kubernetes.Identities(t, db)
			for _, pod := range test.replaced {
				require.NotEqual(t, before[pod], after[pod])
			}
		})
	}
}

// saysOfReady tells what is missing until the message of Ready, of the newest generation, has the word.
func saysOfReady(t *testing.T, kubernetes barqcluster.Kubernetes, db *v1alpha1.BarqCluster, word string) string {
	t.Helper()
	kubernetes.Refresh(t, db)
	ready := meta.FindStatusCondition(db.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.ObservedGeneration == db.Generation && strings.Contains(ready.Message, word) {
		return ""
	}
	return fmt.Sprintf("Ready: %+v", ready)
}

// A pod whose volume would go with it is left alone, and so are the pods of a BarqCluster that is paused.
func stuckPodsAreLeftAlone(t *testing.T, kubernetes barqcluster.Kubernetes) {
	require.NoError(t, kubernetes.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "alone"}}))
	for _, test := range []struct {
		name string
		// keep is done while the pod is stuck, before the spec is corrected.
		keep func(db *v1alpha1.BarqCluster)
	}{
		{"leaving", func(db *v1alpha1.BarqCluster) {
			pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: db.Namespace, Name: "data-" + db.Name + "-0"}}
			require.NoError(t, kubernetes.Client.Delete(t.Context(), pvc))
		}},
		{"paused", func(*v1alpha1.BarqCluster) {}},
	} {
		db := clusterOf(t, "alone", test.name, `{}`)
		require.NoError(t, kubernetes.Client.Create(t.Context(), db))
		kubernetes.WaitReady(t, db)
		kubernetes.Change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = brokenImage })
		kubernetes.Eventually(t, func() string { return saysOfReady(t, kubernetes, db, "ImagePullBackOff") })
		before := kubernetes.Identities(t, db)
		test.keep(db)
		kubernetes.Change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = goodImage })
		if test.name == "paused" {
			kubernetes.Eventually(t, func() string {
				if set := kubernetes.StatefulSet(t, db); set.Spec.Template.Spec.Containers[0].Image != goodImage {
					return "the StatefulSet has the image " + set.Spec.Template.Spec.Containers[0].Image
				}
				return ""
			})
			kubernetes.Change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = true })
		}
		time.Sleep(20 * time.Second)
		require.Equal(t, before, kubernetes.Identities(t, db), test.name)
		if test.name == "paused" {
			kubernetes.Change(t, db, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
			kubernetes.WaitReady(t, db)
			require.Equal(t, []string{"paused-0"}, replacements(t, kubernetes, db))
			continue
		}
		require.Empty(t, replacements(t, kubernetes, db))
		require.NotNil(t, ptr.To(kubernetes.PVCs(t, db)["data-leaving-0"]).DeletionTimestamp)
	}
}
