package protection

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// forbiddenPause is the time until an operator without the right to read the policy tries again. An
// administrator seldom grants rights after the installation, and each attempt is a line in the log.
const forbiddenPause = 10 * time.Minute

// Policy watches the policy and its binding.
type Policy struct {
	name   string
	client kubernetes.Interface

	lock    sync.Mutex
	policy  *admissionregistrationv1.ValidatingAdmissionPolicy
	binding *admissionregistrationv1.ValidatingAdmissionPolicyBinding
	// forbidden are the kinds that the operator may not read. awaited are those of which nothing is
	// known yet; known is closed when there is none.
	forbidden, awaited map[string]bool
	known              chan struct{}
	// changed are called when the effect has changed.
	changed []func()
}

// Kinds that the Policy watches, in the words of the API server and the user.
const (
	policies = "ValidatingAdmissionPolicy"
	bindings = "ValidatingAdmissionPolicyBinding"
)

// New returns a Policy that knows nothing before it is started. name is the name of the policy and of
// its binding. With an empty name it watches nothing, and the effect is unknown.
func New(config *rest.Config, client *http.Client, name string) (*Policy, error) {
	clients, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("setting up the client of admission policies: %w", err)
	}
	return newPolicy(clients, name), nil
}

func newPolicy(client kubernetes.Interface, name string) *Policy {
	made := &Policy{
		name: name, client: client,
		forbidden: map[string]bool{}, awaited: map[string]bool{policies: true, bindings: true}, known: make(chan struct{}),
	}
	if name == "" {
		close(made.known)
	}
	return made
}

// Effect returns the effect of spec.deletionProtection.
func (p *Policy) Effect() Effect {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.effect()
}

func (p *Policy) effect() Effect {
	const unknown = "whether spec.deletionProtection has an effect is not known: "
	switch {
	case p.name == "":
		return Effect{v1alpha1.ReasonPolicyUnknown, unknown + "--deletion-protection-policy of the operator is empty, so it does not look for the policy"}
	case len(p.forbidden) > 0:
		return Effect{v1alpha1.ReasonPolicyUnknown, unknown + fmt.Sprintf(
			"the operator may not read the %s %s; an administrator can see it with: kubectl get validatingadmissionpolicy,validatingadmissionpolicybinding %s",
			p.unreadable(), p.name, p.name)}
	default:
		return effectOf(p.name, p.policy, p.binding)
	}
}

// unreadable names a kind that the operator may not read.
func (p *Policy) unreadable() string {
	if p.forbidden[policies] {
		return policies
	}
	return bindings
}

// Start watches until the context ends. A manager calls it.
func (p *Policy) Start(ctx context.Context) error {
	if p.name == "" {
		return nil
	}
	api := p.client.AdmissionregistrationV1()
	var running sync.WaitGroup
	running.Go(func() {
		p.watch(ctx, policies, &admissionregistrationv1.ValidatingAdmissionPolicy{},
			func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return api.ValidatingAdmissionPolicies().List(ctx, options)
			},
			api.ValidatingAdmissionPolicies().Watch,
			func(found any) { p.policy, _ = found.(*admissionregistrationv1.ValidatingAdmissionPolicy) })
	})
	running.Go(func() {
		p.watch(ctx, bindings, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{},
			func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return api.ValidatingAdmissionPolicyBindings().List(ctx, options)
			},
			api.ValidatingAdmissionPolicyBindings().Watch,
			func(found any) { p.binding, _ = found.(*admissionregistrationv1.ValidatingAdmissionPolicyBinding) })
	})
	running.Wait()
	return nil
}

// NeedLeaderElection returns false, so that a replica already knows the policy when it becomes the
// leader.
func (p *Policy) NeedLeaderElection() bool { return false }

// watch passes each version of one kind's object to keep until the context ends.
func (p *Policy) watch(ctx context.Context, kind string, expected runtime.Object,
	list cache.ListWithContextFunc, follow cache.WatchFuncWithContext, keep func(any),
) {
	// A right that names one object allows a list and a watch with this selector.
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, p.name).String()
	lister := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = selector
			found, err := list(ctx, options)
			return found, p.answered(ctx, kind, err)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = selector
			found, err := follow(ctx, options)
			return found, p.answered(ctx, kind, err)
		},
	}, p.client)
	kept := &store{note: func(found any) { p.note(kind, func() { keep(found) }) }}
	cache.NewReflectorWithOptions(lister, expected, kept, cache.ReflectorOptions{Name: "protection"}).RunWithContext(ctx)
}

// answered returns the error of a request. It delays a forbidden request, so that it is not repeated
// soon.
func (p *Policy) answered(ctx context.Context, kind string, err error) error {
	if !apierrors.IsForbidden(err) {
		return err
	}
	p.update(kind, func() { p.forbidden[kind] = true })
	select {
	case <-time.After(forbiddenPause):
	case <-ctx.Done():
	}
	return err
}

// note stores what the API server has reported about a kind.
func (p *Policy) note(kind string, keep func()) {
	p.update(kind, func() {
		delete(p.forbidden, kind)
		keep()
	})
}

// update changes what is known. It calls the changed functions if the effect has changed and was known
// before.
func (p *Policy) update(kind string, change func()) {
	p.lock.Lock()
	before := p.effect()
	change()
	var told []func()
	if len(p.awaited) == 0 && before != p.effect() {
		told = p.changed
	}
	if p.awaited[kind] {
		if delete(p.awaited, kind); len(p.awaited) == 0 {
			close(p.known)
		}
	}
	p.lock.Unlock()
	for _, changed := range told {
		changed()
	}
}

// store passes on the only object that a reflector has, nil if there is none.
type store struct{ note func(found any) }

var _ cache.ReflectorStore = &store{}

// Add implements cache.ReflectorStore.
func (s *store) Add(object any) error { s.note(object); return nil }

// Update implements cache.ReflectorStore.
func (s *store) Update(object any) error { s.note(object); return nil }

// Delete implements cache.ReflectorStore.
func (s *store) Delete(any) error { s.note(nil); return nil }

// Replace implements cache.ReflectorStore.
func (s *store) Replace(objects []any, _ string) error {
	if len(objects) == 0 {
		s.note(nil)
	}
	for _, object := range objects {
		s.note(object)
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (s *store) Resync() error { return nil }
