package recorder

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// recorded is an event as it reaches client-go.
type recorded struct {
	version, related, reason, text string
}

type sink struct{ events []recorded }

func (s *sink) Eventf(regarding, related runtime.Object, _, reason, _, note string, args ...any) {
	event := recorded{version: regarding.(*corev1.ObjectReference).ResourceVersion, reason: reason, text: fmt.Sprintf(note, args...)}
	if related != nil {
		other := related.(*corev1.ObjectReference)
		event.related = other.Name + other.ResourceVersion
	}
	s.events = append(s.events, event)
}

// told counts the events that client-go makes of the recorded ones.
func (s *sink) told() map[recorded]int {
	counts := map[recorded]int{}
	for _, event := range s.events {
		counts[event]++
	}
	return counts
}

// world is a BarqCluster that changes all the time.
type world struct {
	*Recorder
	sink    *sink
	clock   *clocktesting.FakePassiveClock
	version int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	w := &world{sink: &sink{}, clock: clocktesting.NewFakePassiveClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}
	w.Recorder = New(w.sink, scheme, w.clock)
	return w
}

func (w *world) tell(uid types.UID, reason, text string, related runtime.Object) {
	w.version++
	cluster := &v1alpha1.BarqCluster{}
	cluster.Name, cluster.UID, cluster.ResourceVersion = "vectors", uid, fmt.Sprint(w.version)
	w.Eventf(cluster, related, corev1.EventTypeNormal, reason, "Observe", "%s", text)
	w.clock.SetTime(w.clock.Now().Add(time.Second))
}

func TestWhatFlapsIsCounted(t *testing.T) {
	w := newWorld(t)
	for range 40 {
		w.tell("a", "PodsNotReady", "100% lost", nil)
		w.tell("a", "Ready", "all answer", nil)
	}
	require.Equal(t, map[recorded]int{
		{version: "1", reason: "PodsNotReady", text: "100% lost"}: 40,
		{version: "2", reason: "Ready", text: "all answer"}:       40,
	}, w.sink.told())
}

// Another text of the same reason is another event; otherwise people would not see it.
func TestOtherNewsAreOtherEvents(t *testing.T) {
	w := newWorld(t)
	pvc := func(name, version string) *corev1.PersistentVolumeClaim {
		pvc := &corev1.PersistentVolumeClaim{}
		pvc.Name, pvc.UID, pvc.ResourceVersion = name, types.UID(name), version
		return pvc
	}
	w.tell("a", "SecretMissing", "no Secret", nil)
	w.tell("a", "SecretMissing", "no key", nil)
	w.tell("a", "SecretMissing", "no Secret", nil)
	w.tell("b", "SecretMissing", "no Secret", nil)
	w.tell("a", "Resizing", "to 20Gi", pvc("data-0", "7"))
	w.tell("a", "Resizing", "to 20Gi", pvc("data-1", "7"))
	w.tell("a", "Resizing", "to 20Gi", pvc("data-0", "8"))
	require.Equal(t, map[recorded]int{
		{version: "1", reason: "SecretMissing", text: "no Secret"}:             2,
		{version: "2", reason: "SecretMissing", text: "no key"}:                1,
		{version: "4", reason: "SecretMissing", text: "no Secret"}:             1,
		{version: "5", related: "data-0", reason: "Resizing", text: "to 20Gi"}: 2,
		{version: "6", related: "data-1", reason: "Resizing", text: "to 20Gi"}: 1,
	}, w.sink.told())
}

// A text with a counter in it does not make an event each time either.
func TestNewTextsAreBounded(t *testing.T) {
	w := newWorld(t)
	versions := map[string]bool{}
	for i := range 200 {
		w.tell("a", "PodsNotReady", fmt.Sprintf("attempt %d", i), nil)
		versions[w.sink.events[i].version] = true
	}
	require.Len(t, versions, texts)

	w.clock.SetTime(w.clock.Now().Add(window))
	w.tell("a", "PodsNotReady", "attempt 0", nil)
	require.Equal(t, "201", w.sink.events[200].version, "what was long ago is told again")
}
