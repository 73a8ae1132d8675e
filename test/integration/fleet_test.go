package integration

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// queued is what those that wait say of a field that changes and of those that come first.
func queued(field, first string) string {
	return "the pods need a restart for a change that the operator brings, not the spec (" + field + "); " +
		"the operator restarts at most 1 BarqCluster(s) at a time (--max-unrequested-rollouts), and " + first
}

// Those that wait, of two.
const (
	isNext   = "this one is next"
	isSecond = "1 other that waits comes first"
)

// A new chart restarts every database, one BarqCluster after the other, whatever
// happens to the operator meanwhile.
func TestFleetIsRestartedOneAtATime(t *testing.T) {
	fleet := newFleet(t, 4)
	before := fleet.identities(t)

	operator.Kill()
	rollouts := fleet.watch(t)
	startOperator(t, nil, "--watches-file", otherChart(t, longerGracePeriod))

	// Killed in the middle of the second one, after Helm's part of it.
	var second *v1alpha1.BarqCluster
	var waiting []*v1alpha1.BarqCluster
	eventually(t, func() string {
		begun := fleet.where(func(cluster *v1alpha1.BarqCluster) bool {
			return newestRevision(t, cluster.Namespace, cluster.Name) == 2
		})
		underWay := begun.where(func(cluster *v1alpha1.BarqCluster) bool {
			return rollouts.isUnderWay(cluster.Name) && newestRelease(t, cluster).Labels["status"] == "deployed"
		})
		if len(begun) < 2 || len(underWay) != 1 {
			return fmt.Sprintf("%d have begun, %d are in the middle", len(begun), len(underWay))
		}
		second = underWay[0]
		if waiting = fleet.where(func(cluster *v1alpha1.BarqCluster) bool { return isQueued(t, cluster) }); len(waiting) != 2 {
			return fmt.Sprintf("%d wait", len(waiting))
		}
		return ""
	})
	const grace = "spec.terminationGracePeriodSeconds"
	eventually(t, func() string {
		var told []string
		for _, cluster := range waiting {
			told = append(told, waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonRolloutQueued).Message)
		}
		slices.Sort(told)
		if slices.Equal(told, []string{queued(grace, isSecond), queued(grace, isNext)}) {
			return ""
		}
		return strings.Join(told, "\n")
	})
	for _, cluster := range waiting {
		waitReady(t, cluster)
	}
	operator.Kill()
	require.True(t, rollouts.isUnderWay(second.Name), "too late to prove anything")
	require.NoError(t, operator.Start())

	for _, cluster := range fleet {
		eventually(t, func() string {
			now := identities(t, cluster)
			if len(now) != 2 {
				return fmt.Sprintf("%d pods", len(now))
			}
			for name, identity := range now {
				if identity == before[name] {
					return name + " was not replaced yet"
				}
			}
			return ""
		})
		waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)
		waitReady(t, cluster)
		require.Equal(t, 2, newestRevision(t, cluster.Namespace, cluster.Name), cluster.Name)
		require.Equal(t, int64(61), *statefulSet(t, cluster).Spec.Template.Spec.TerminationGracePeriodSeconds)
		queuedOnce := 0
		for _, event := range events(t, cluster) {
			if strings.HasPrefix(event, "Normal RolloutQueued") {
				queuedOnce++
			}
		}
		require.LessOrEqual(t, queuedOnce, 1, "a restart of the operator repeats no event")
	}
	require.Equal(t, 1, rollouts.most(statefulSetsUnderWay), rollouts.log())
	require.Equal(t, 1, rollouts.most(podsAway), rollouts.log())
	requireIdle(t, fleet[0])
}

// A change that breaks the first database reaches no other one.
func TestFleetHaltsAtABrokenOne(t *testing.T) {
	fleet := newFleet(t, 3)
	before := fleet.identities(t)
	rollouts := fleet.watch(t)

	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_DB=registry.example.com/barq-db:does-not-exist"})
	broken, waiting := fleet.split(t)
	condition := waitFor(t, broken, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsNotReady)
	require.Regexp(t, "ErrImagePull|ImagePullBackOff", condition.Message)
	for _, cluster := range waiting {
		eventually(t, func() string {
			message := waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonRolloutQueued).Message
			seconds, err := strconv.ParseInt(newestRelease(t, broken).Labels["modifiedAt"], 10, 64)
			if err != nil {
				return err.Error()
			}
			since := time.Unix(seconds, 0).UTC().Format(time.RFC3339)
			for _, first := range []string{isNext, isSecond} {
				if message == queued("spec.containers[barq-db].image", first)+"; still restarting: "+broken.Namespace+"/"+broken.Name+" since "+since {
					return ""
				}
			}
			return message
		})
		waitReady(t, cluster)
	}

	// What a person asks for does not wait, and takes along what waited.
	asked, waits := waiting[0], waiting[1]
	change(t, asked, func(spec *v1alpha1.BarqClusterSpec) { spec.Image = "registry.example.com/barq-db:0.2.0" })
	waitReady(t, asked)
	require.Equal(t, "registry.example.com/barq-db:0.2.0", container(t, asked).Image)
	requireTold(t, asked, 1, `^Normal RollingOut: the pods are replaced, because the spec \(generation 2\) or a Secret has changed, and a change that was queued goes with it: `)
	waitFor(t, asked, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)

	operator.Kill()
	require.NoError(t, operator.Start())
	time.Sleep(3 * soon)
	require.True(t, isQueued(t, waits))
	require.Equal(t, 1, newestRevision(t, waits.Namespace, waits.Name))
	require.Equal(t, []string{"unrequested", "requested"}, []string{
		newestRelease(t, broken).Labels["barq.db/rollout"], newestRelease(t, asked).Labels["barq.db/rollout"],
	})
	require.Equal(t, 1, rollouts.most(without(statefulSetsUnderWay, asked.Name)), rollouts.log())
	for name, identity := range identities(t, waits) {
		require.Equal(t, before[name], identity, name)
	}

	// The next version is corrected: it reaches the broken one first, then the other.
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_DB=registry.example.com/barq-db:0.3.0"})
	for _, cluster := range []*v1alpha1.BarqCluster{broken, waits} {
		eventually(t, func() string {
			if image := container(t, cluster).Image; image != "registry.example.com/barq-db:0.3.0" {
				return image
			}
			return ""
		})
		waitReady(t, cluster)
	}
	require.Equal(t, 1, rollouts.most(without(statefulSetsUnderWay, asked.Name)), rollouts.log())
	require.Equal(t, []int{3, 2, 2}, []int{
		newestRevision(t, broken.Namespace, broken.Name),
		newestRevision(t, waits.Namespace, waits.Name),
		newestRevision(t, asked.Namespace, asked.Name),
	})
}

// An operator that brings the agent, or takes it away, restarts the databases in turns.
func TestFleetGetsTheAgentAndLosesIt(t *testing.T) {
	fleet := newFleet(t, 2)
	rollouts := fleet.watch(t)
	for _, image := range []string{"registry.example.com/barq-agent:v0.1.0", ""} {
		operator.Stop()
		startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + image})
		for _, cluster := range fleet {
			eventually(t, func() string {
				found := ""
				for _, container := range statefulSet(t, cluster).Spec.Template.Spec.InitContainers {
					found = container.Image
				}
				if found != image {
					return fmt.Sprintf("the agent's image is %q", found)
				}
				return ""
			})
			waitReady(t, cluster)
		}
	}
	require.Equal(t, 1, rollouts.most(statefulSetsUnderWay), rollouts.log())
	require.Equal(t, 1, rollouts.most(podsAway), rollouts.log())
}

// With no slot at all only what restarts no pod goes; with two, two go at a time.
func TestFleetWithOtherLimits(t *testing.T) {
	fleet := newFleet(t, 4)
	before := fleet.identities(t)
	rollouts := fleet.watch(t)

	operator.Stop()
	startOperator(t, nil, "--max-unrequested-rollouts=0", "--watches-file", otherChart(t, anotherConfigMap))
	for _, cluster := range fleet {
		note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: cluster.Name + "-note"}}
		eventually(t, func() string {
			if err := admin.Get(t.Context(), client.ObjectKeyFromObject(note), note); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	operator.Stop()
	startOperator(t, nil, "--max-unrequested-rollouts=0", "--watches-file", otherChart(t, longerGracePeriod))
	for _, cluster := range fleet {
		condition := waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonRolloutQueued)
		require.Contains(t, condition.Message, "--max-unrequested-rollouts of the operator is 0")
	}
	time.Sleep(soon)
	require.Equal(t, before, fleet.identities(t))
	require.Zero(t, rollouts.most(statefulSetsUnderWay), rollouts.log())

	// One that sleeps has no pod to restart, and what is held back is corrected all the same.
	change(t, fleet[0], func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, fleet[0], v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
	waitFor(t, fleet[0], v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: fleet[1].Namespace, Name: fleet[1].Name}}
	require.NoError(t, admin.Delete(t.Context(), service))
	eventually(t, func() string {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(service), service); err != nil {
			return err.Error()
		}
		return ""
	})

	operator.Stop()
	startOperator(t, nil, "--max-unrequested-rollouts=2", "--watches-file", otherChart(t, longerGracePeriod))
	for _, cluster := range fleet[1:] {
		waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionFalse, v1alpha1.ReasonNothingPending)
		waitReady(t, cluster)
	}
	require.Equal(t, 2, rollouts.most(without(statefulSetsUnderWay, fleet[0].Name)), rollouts.log())
}

// fleet are BarqClusters in one namespace.
type fleet []*v1alpha1.BarqCluster

// newFleet makes Ready BarqClusters whose rollouts take a few seconds.
func newFleet(t *testing.T, size int) fleet {
	t.Helper()
	namespace := newNamespace(t)
	var made fleet
	for i := range size {
		made = append(made, newCluster(t, namespace, fmt.Sprintf("db-%d", i), `{replicas: 2, minReadySeconds: 2}`))
	}
	for _, cluster := range made {
		waitReady(t, cluster)
	}
	return made
}

func (f fleet) identities(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, cluster := range f {
		maps.Copy(all, identities(t, cluster))
	}
	return all
}

func (f fleet) where(check func(*v1alpha1.BarqCluster) bool) fleet {
	return slices.DeleteFunc(slices.Clone(f), func(cluster *v1alpha1.BarqCluster) bool { return !check(cluster) })
}

// split waits until all but one are waiting.
func (f fleet) split(t *testing.T) (first *v1alpha1.BarqCluster, waiting fleet) {
	t.Helper()
	eventually(t, func() string {
		waiting = f.where(func(cluster *v1alpha1.BarqCluster) bool { return isQueued(t, cluster) })
		if len(waiting) != len(f)-1 {
			return fmt.Sprintf("%d are waiting", len(waiting))
		}
		return ""
	})
	return f.where(func(cluster *v1alpha1.BarqCluster) bool { return !slices.Contains(waiting, cluster) })[0], waiting
}

func isQueued(t *testing.T, cluster *v1alpha1.BarqCluster) bool {
	t.Helper()
	refresh(t, cluster)
	condition := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionChangesPending)
	return condition != nil && condition.Status == metav1.ConditionTrue && condition.Reason == v1alpha1.ReasonRolloutQueued
}

// newestRelease gives the Secret of the newest revision.
func newestRelease(t *testing.T, cluster *v1alpha1.BarqCluster) *corev1.Secret {
	t.Helper()
	name := fmt.Sprintf("sh.helm.release.v1.%s.v%d", cluster.Name, newestRevision(t, cluster.Namespace, cluster.Name))
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: name}}
	refresh(t, stored)
	return stored
}

// startOperator runs the stopped operator in another way, until the test ends.
func startOperator(t *testing.T, environment []string, arguments ...string) {
	t.Helper()
	t.Cleanup(func() {
		if operator.Environment == nil && operator.Arguments == nil {
			// Already done by what a later call left for the end.
			return
		}
		operator.Stop()
		operator.Environment, operator.Arguments = nil, nil
		require.NoError(t, operator.Start())
	})
	operator.Environment, operator.Arguments = environment, arguments
	require.NoError(t, operator.Start())
}

// otherChart copies watches.yaml and the chart, changes the copy, and gives the path
// of the former.
func otherChart(t *testing.T, change func(t *testing.T, chart string)) string {
	t.Helper()
	folder := t.TempDir()
	watches, err := os.ReadFile(filepath.Join(root, "watches.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "watches.yaml"), watches, 0o600))
	chart := filepath.Join(folder, "helm-charts", "barq-db")
	require.NoError(t, os.CopyFS(chart, os.DirFS(filepath.Join(root, "helm-charts", "barq-db"))))
	change(t, chart)
	return filepath.Join(folder, "watches.yaml")
}

// longerGracePeriod changes the pods.
func longerGracePeriod(t *testing.T, chart string) {
	t.Helper()
	path := filepath.Join(chart, "values.yaml")
	values, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := strings.Replace(string(values), "\nterminationGracePeriodSeconds: 60\n", "\nterminationGracePeriodSeconds: 61\n", 1)
	require.NotEqual(t, string(values), changed)
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
}

// anotherConfigMap adds an object that no pod looks at.
func anotherConfigMap(t *testing.T, chart string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(chart, "templates", "note.yaml"),
		[]byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-note\n"), 0o600))
}

// rollouts is what the API server told about the rollouts of a fleet, moment by
// moment.
type rollouts struct {
	lock sync.Mutex
	sets map[string]*appsv1.StatefulSet
	pods map[string]*corev1.Pod
	// moments are those at which another set of BarqClusters was concerned than before.
	moments []moment
}

// moment names the BarqClusters that were concerned.
type moment struct{ setsUnderWay, podsAway []string }

func statefulSetsUnderWay(m moment) []string { return m.setsUnderWay }

// podsAway are those of which a pod is missing or does not answer.
func podsAway(m moment) []string { return m.podsAway }

// without leaves one BarqCluster out.
func without(kind func(moment) []string, name string) func(moment) []string {
	return func(m moment) []string {
		return slices.DeleteFunc(slices.Clone(kind(m)), func(found string) bool { return found == name })
	}
}

// watch begins to watch a fleet that is Ready.
func (f fleet) watch(t *testing.T) *rollouts {
	t.Helper()
	r := &rollouts{sets: map[string]*appsv1.StatefulSet{}, pods: map[string]*corev1.Pod{}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	lists := []client.ObjectList{&appsv1.StatefulSetList{}, &corev1.PodList{}}
	// All lists first, so that the first moment is one of the whole fleet.
	for _, list := range lists {
		require.NoError(t, admin.List(ctx, list, client.InNamespace(f[0].Namespace)))
		require.NoError(t, meta.EachListItem(list, func(object runtime.Object) error {
			r.put(object.(client.Object), false)
			return nil
		}))
	}
	r.note()
	for _, list := range lists {
		watcher, err := admin.Watch(ctx, list, client.InNamespace(f[0].Namespace),
			&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}})
		require.NoError(t, err)
		running.Go(func() {
			defer watcher.Stop()
			for event := range watcher.ResultChan() {
				if object, ok := event.Object.(client.Object); ok {
					r.lock.Lock()
					r.put(object, event.Type == watch.Deleted)
					r.note()
					r.lock.Unlock()
				}
			}
		})
	}
	return r
}

func (r *rollouts) put(object client.Object, deleted bool) {
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		r.sets[object.Name] = object
	case *corev1.Pod:
		r.pods[object.Name] = object
		if deleted {
			delete(r.pods, object.Name)
		}
	}
}

// note adds a moment if it is another than the one before.
func (r *rollouts) note() {
	now := moment{}
	for _, name := range slices.Sorted(maps.Keys(r.sets)) {
		set := r.sets[name]
		if underWay(set) {
			now.setsUnderWay = append(now.setsUnderWay, name)
		}
		for ordinal := range *set.Spec.Replicas {
			if !answers(r.pods[fmt.Sprintf("%s-%d", name, ordinal)]) {
				now.podsAway = append(now.podsAway, name)
				break
			}
		}
	}
	if len(r.moments) == 0 || fmt.Sprint(r.moments[len(r.moments)-1]) != fmt.Sprint(now) {
		r.moments = append(r.moments, now)
	}
}

func underWay(set *appsv1.StatefulSet) bool {
	status := set.Status
	return status.ObservedGeneration < set.Generation || status.CurrentRevision != status.UpdateRevision ||
		status.UpdatedReplicas != *set.Spec.Replicas || status.AvailableReplicas != *set.Spec.Replicas
}

func answers(pod *corev1.Pod) bool {
	if pod == nil || pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// isUnderWay tells whether the StatefulSet is in the middle of a rollout.
func (r *rollouts) isUnderWay(name string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return underWay(r.sets[name])
}

// most is the largest number of BarqClusters at any moment.
func (r *rollouts) most(kind func(moment) []string) int {
	r.lock.Lock()
	defer r.lock.Unlock()
	found := 0
	for _, m := range r.moments {
		found = max(found, len(kind(m)))
	}
	return found
}

func (r *rollouts) log() string {
	r.lock.Lock()
	defer r.lock.Unlock()
	return fmt.Sprintf("%+v", r.moments)
}
