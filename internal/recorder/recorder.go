package recorder

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/reference"
	"k8s.io/utils/clock"
	"k8s.io/utils/lru"
)

const (
	// window is how long a text is remembered after its last event. client-go ends its count after six
	// minutes without another event, so a longer window would count nothing.
	window = 6 * time.Minute
	// texts is how many different texts of one reason an object has in the window. Further texts are
	// counted with the last one.
	texts = 10
	// remembered is the number of objects and reasons whose texts are known. Each takes about 100
	// bytes a text.
	remembered = 4096
)

// Recorder is an events.EventRecorder that counts repeated events.
type Recorder struct {
	inner  events.EventRecorder
	scheme *runtime.Scheme
	clock  clock.PassiveClock

	lock sync.Mutex
	told *lru.Cache
}

// topic is an object and a reason for which a Recorder records events.
type topic struct {
	uid                     types.UID
	kind, reason, action    string
	relatedKind, relatedUID string
}

// told is a text, with the object's resourceVersion when the text was new.
type told struct {
	text    [sha256.Size]byte
	version string
	last    time.Time
}

// New returns a Recorder that records through inner. The scheme knows the kinds of the objects.
func New(inner events.EventRecorder, scheme *runtime.Scheme, now clock.PassiveClock) *Recorder {
	return &Recorder{inner: inner, scheme: scheme, clock: now, told: lru.New(remembered)}
}

// Eventf records an event.
func (r *Recorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	about, err := reference.GetReference(r.scheme, regarding)
	if err != nil {
		// The inner recorder logs why.
		r.inner.Eventf(regarding, related, kind, reason, action, note, args...)
		return
	}
	text := fmt.Sprintf(note, args...)
	subject := topic{uid: about.UID, kind: kind, reason: reason, action: action}
	about = about.DeepCopy()
	if other := r.plain(related); other != nil {
		subject.relatedKind, subject.relatedUID = other.Kind, string(other.UID)
		related = other
	}
	about.ResourceVersion = r.versionOf(subject, text, about.ResourceVersion)
	r.inner.Eventf(about, related, kind, reason, action, "%s", text)
}

// plain returns a reference that does not change when the object does, or nil.
func (r *Recorder) plain(object runtime.Object) *corev1.ObjectReference {
	if object == nil {
		return nil
	}
	found, err := reference.GetReference(r.scheme, object)
	if err != nil {
		return nil
	}
	found = found.DeepCopy()
	found.ResourceVersion = ""
	return found
}

// versionOf returns the object's resourceVersion when this text was first recorded.
func (r *Recorder) versionOf(subject topic, text, current string) string {
	now, sum := r.clock.Now(), sha256.Sum256([]byte(text))
	r.lock.Lock()
	defer r.lock.Unlock()
	var known []told
	if found, ok := r.told.Get(subject); ok {
		known = slices.DeleteFunc(found.([]told), func(t told) bool { return now.Sub(t.last) >= window })
	}
	i := slices.IndexFunc(known, func(t told) bool { return t.text == sum })
	switch {
	case i >= 0:
	case len(known) < texts:
		i = len(known)
		known = append(known, told{text: sum, version: current})
	default:
		i = len(known) - 1
	}
	known[i].last = now
	r.told.Add(subject, known)
	return known[i].version
}
