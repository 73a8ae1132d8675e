package kubeclient

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

const (
	// repairTries is how often the operator repairs an object before it slows down. The same pod template is replaced
	// once, because that restarts pods.
	repairTries = 3
	// repairsRemembered is how long a repair counts.
	repairsRemembered = 30 * time.Minute
)

// Repairs remembers, for each BarqCluster, which objects the operator has repaired, so that it does not fight another
// writer without end. It also remembers which objects the API server changes when they are applied.
type Repairs struct {
	clock clock.PassiveClock
	lock  sync.Mutex
	known map[types.UID]map[owned.Name]repaired
}

// repaired is what Repairs remembers of one object.
type repaired struct {
	// times are those of its repairs, the newest last.
	times []time.Time
	// template sums up the pod template that the last repair replaced; empty if it replaced none.
	template string
	// digest is that of what was applied, and version that of the object afterwards. Both are empty unless the result
	// differed, because a webhook has changed it.
	digest, version string
}

// NewRepairs returns an empty Repairs.
func NewRepairs(now clock.PassiveClock) *Repairs {
	return &Repairs{clock: now, known: map[types.UID]map[owned.Name]repaired{}}
}

// Forget removes what is remembered of a BarqCluster that is deleted.
func (r *Repairs) Forget(cluster types.UID) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.known, cluster)
}

func (r *Repairs) find(cluster types.UID, name owned.Name) repaired {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.known[cluster][name]
}

func (r *Repairs) change(cluster types.UID, name owned.Name, change func(*repaired)) {
	r.lock.Lock()
	defer r.lock.Unlock()
	one := r.known[cluster][name]
	change(&one)
	if r.known[cluster] == nil {
		r.known[cluster] = map[owned.Name]repaired{}
	}
	r.known[cluster][name] = one
}

// note counts a repair. live is the object before it.
func (r *Repairs) note(cluster client.Object, wanted *resource.Info, live metav1.Object) error {
	template, err := templateOf(live)
	if err != nil {
		return err
	}
	now := r.clock.Now()
	r.change(cluster.GetUID(), owned.NameOf(wanted), func(one *repaired) {
		one.times = append(recent(one.times, now), now)
		one.template = template
	})
	return nil
}

// recent returns the times that still count.
func recent(times []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(times), func(when time.Time) bool { return now.Sub(when) > repairsRemembered })
}

// templateOf returns a digest of the pod template of a StatefulSet; empty for other objects.
func templateOf(live metav1.Object) (string, error) {
	set, ok := live.(*unstructured.Unstructured)
	if !ok || set.GetKind() != owned.StatefulSetKind.Kind {
		return "", nil
	}
	template, _, err := unstructured.NestedFieldNoCopy(set.Object, "spec", "template")
	if err != nil {
		return "", err
	}
	content, err := json.Marshal(template)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return string(sum[:]), nil
}

// tolerate notes what the API server has made of an object that was applied. If that differs, another apply changes
// nothing until the object changes. What another writer has added meanwhile is not tolerated: a policy leaves no name
// in the managed fields.
func (r *Repairs) tolerate(cluster client.Object, wanted *resource.Info, made *unstructured.Unstructured) error {
	same, err := matches(made, wanted)
	if err != nil {
		return err
	}
	version := ""
	if !same && !apply.StateOf(wanted.Mapping.GroupVersionKind.Kind, made).Added {
		if version, err = owned.VersionOf(made); err != nil {
			return err
		}
	}
	name, digest := owned.NameOf(wanted), digestOf(wanted)
	if version == "" && r.find(cluster.GetUID(), name).version == "" {
		return nil
	}
	r.change(cluster.GetUID(), name, func(one *repaired) { one.digest, one.version = digest, version })
	return nil
}

// tolerates reports whether an object still has the state that the last apply gave it.
func (r *Repairs) tolerates(cluster client.Object, wanted *resource.Info, existing metav1.Object) (bool, error) {
	one := r.find(cluster.GetUID(), owned.NameOf(wanted))
	if one.version == "" || one.digest != digestOf(wanted) {
		return false, nil
	}
	version, err := owned.VersionOf(existing)
	return version == one.version, err
}

func digestOf(wanted *resource.Info) string {
	object, ok := wanted.Object.(metav1.Object)
	if !ok {
		return ""
	}
	return apply.Digest(object)
}

// wait returns an error if the operator has repaired an object too often to repair it now.
func (r *Repairs) wait(cluster client.Object, wanted *resource.Info, live metav1.Object) error {
	one := r.find(cluster.GetUID(), owned.NameOf(wanted))
	now := r.clock.Now()
	times := recent(one.times, now)
	template, err := templateOf(live)
	if err != nil {
		return err
	}
	tries := repairTries
	if template != "" && template == one.template {
		tries = 1
	}
	if len(times) < tries {
		return nil
	}
	left := times[len(times)-1].Add(DelayOf(max(1, len(times)-repairTries+1))).Sub(now)
	if left <= 0 {
		return nil
	}
	kind := wanted.Mapping.GroupVersionKind
	return Later{After: left, Err: fmt.Errorf("%s %q was changed again after the operator had reverted it%s. The operator reverts it again later; "+
		"stop what changes it, or change the spec", kind.Kind, wanted.Name, by(apply.StateOf(kind.Kind, live)))}
}

// by returns a text that names the writers of an object.
func by(state apply.State) string {
	if len(state.Writers) == 0 {
		return ""
	}
	return " (field managers: " + strings.Join(slices.Compact(slices.Sorted(slices.Values(state.Writers))), ", ") + ")"
}

// DelayOf returns how long to wait after the given number of tries: one minute, doubled each time up to ten.
func DelayOf(tries int) time.Duration {
	const least, most = time.Minute, 10 * time.Minute
	delay := least
	for range tries - 1 {
		delay = min(2*delay, most)
	}
	return delay
}

// Later is an error after which the operator tries again at a later time. It tries earlier only if something changes.
type Later struct {
	Err   error
	After time.Duration
}

// Error returns the text of the error itself.
func (l Later) Error() string { return l.Err.Error() }

// Unwrap returns the error itself.
func (l Later) Unwrap() error { return l.Err }
