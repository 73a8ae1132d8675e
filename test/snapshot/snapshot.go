package snapshot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// restless are the kinds that change by themselves.
var restless = map[string]bool{
	"events": true, "events.events.k8s.io": true, "leases.coordination.k8s.io": true,
	"endpoints": true, "endpointslices.discovery.k8s.io": true, "componentstatuses": true,
}

// Name names an object.
type Name struct {
	// Resource is the plural of the kind, with its group: statefulsets.apps.
	Resource string
	// Namespace is empty for an object of the whole cluster.
	Namespace, Name string
}

// String is the same for the same object.
func (n Name) String() string {
	if n.Namespace == "" {
		return n.Resource + " " + n.Name
	}
	return n.Resource + " " + n.Namespace + "/" + n.Name
}

// Snapshot is what all objects were at a moment.
type Snapshot map[Name]*unstructured.Unstructured

// Reader reads snapshots.
type Reader struct {
	discovery discovery.DiscoveryInterface
	dynamic   dynamic.Interface
}

// NewReader gives a reader, which needs the permission to list everything.
func NewReader(config *rest.Config) (*Reader, error) {
	fast := rest.CopyConfig(config)
	fast.QPS = -1
	known, err := discovery.NewDiscoveryClientForConfig(fast)
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(fast)
	if err != nil {
		return nil, err
	}
	return &Reader{discovery: known, dynamic: client}, nil
}

// Take reads all objects.
func (r *Reader) Take(ctx context.Context) (Snapshot, error) {
	groups, err := r.discovery.ServerPreferredResources()
	if err != nil {
		return nil, fmt.Errorf("ask which kinds there are: %w", err)
	}
	found := Snapshot{}
	for _, group := range groups {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range group.APIResources {
			if !slices.Contains(resource.Verbs, "list") || restless[schema.GroupResource{Group: version.Group, Resource: resource.Name}.String()] {
				continue
			}
			if err := r.read(ctx, version.WithResource(resource.Name), found); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

func (r *Reader) read(ctx context.Context, resource schema.GroupVersionResource, into Snapshot) error {
	list, err := r.dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		// A kind that was removed meanwhile.
		return nil
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", resource.GroupResource(), err)
	}
	for i := range list.Items {
		object := &list.Items[i]
		into[Name{Resource: resource.GroupResource().String(), Namespace: object.GetNamespace(), Name: object.GetName()}] = decided(object)
	}
	return nil
}

// decided takes out of an object what no writer decides.
func decided(object *unstructured.Unstructured) *unstructured.Unstructured {
	unstructured.RemoveNestedField(object.Object, "status")
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	return object
}

// TakeQuiet reads all objects when nothing has changed for a while, which the given function may leave objects out of.
func (r *Reader) TakeQuiet(ctx context.Context, while time.Duration, counts func(Name, *unstructured.Unstructured) bool) (Snapshot, error) {
	before, err := r.Take(ctx)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(while):
		}
		after, err := r.Take(ctx)
		if err != nil {
			return nil, err
		}
		if len(Differences(before.Only(counts), after.Only(counts))) == 0 {
			return after, nil
		}
		before = after
	}
}

// Only gives the objects that count.
func (s Snapshot) Only(counts func(Name, *unstructured.Unstructured) bool) Snapshot {
	found := maps.Clone(s)
	maps.DeleteFunc(found, func(name Name, object *unstructured.Unstructured) bool { return !counts(name, object) })
	return found
}

// Difference is one object that is not as it was.
type Difference struct {
	Name Name
	// Before and After are nil when the object was not there.
	Before, After *unstructured.Unstructured
}

// String says what has become of the object.
func (d Difference) String() string {
	switch {
	case d.Before == nil:
		return fmt.Sprintf("%s was made: %s", d.Name, text(d.After))
	case d.After == nil:
		return d.Name.String() + " was deleted"
	case d.Before.GetUID() != d.After.GetUID():
		return d.Name.String() + " was deleted and made again"
	default:
		return fmt.Sprintf("%s was changed from %s to %s", d.Name, text(d.Before), text(d.After))
	}
}

// Differences gives all objects that are not as they were, in the order of their names.
func Differences(before, after Snapshot) []Difference {
	var found []Difference
	for name, was := range before {
		if is := after[name]; is == nil || text(was) != text(is) {
			found = append(found, Difference{Name: name, Before: was, After: is})
		}
	}
	for name, is := range after {
		if before[name] == nil {
			found = append(found, Difference{Name: name, After: is})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return found
}

// text is the same for objects that are the same.
func text(object *unstructured.Unstructured) string {
	content, err := json.Marshal(object.Object)
	if err != nil {
		// What came as JSON can be written as JSON.
		return err.Error()
	}
	return string(content)
}
