package interning

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/cache"
)

// fresh is an equal string with memory of its own, as one that was read from the network has.
func fresh(text string) string { return strings.Clone(text) }

func sameMemory(a, b string) bool { return unsafe.StringData(a) == unsafe.StringData(b) }

func share[T any](t *testing.T, s *Strings, object T) T {
	t.Helper()
	shared, err := s.Share(object)
	require.NoError(t, err)
	return shared.(T)
}

func statefulSet() *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: fresh("db"), Labels: map[string]string{fresh("label"): fresh("value")}},
		Spec: appsv1.StatefulSetSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Image:     fresh("example.com/barq-db:1"),
			Args:      []string{fresh("--flag")},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("1500m")}},
			StartupProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
				Path: fresh("/health"), Port: intstr.FromString(fresh("http")),
			}}},
		}}}}},
	}
}

func TestTypedObjectsShareStrings(t *testing.T) {
	s := &Strings{}
	one, other := share(t, s, statefulSet()), share(t, s, statefulSet())
	require.Equal(t, statefulSet(), other)
	require.NotSame(t, one, other)
	container := func(of *appsv1.StatefulSet) corev1.Container { return of.Spec.Template.Spec.Containers[0] }
	require.True(t, sameMemory(one.Name, other.Name))
	require.True(t, sameMemory(one.Labels["label"], other.Labels["label"]))
	require.True(t, sameMemory(container(one).Image, container(other).Image))
	require.True(t, sameMemory(container(one).Args[0], container(other).Args[0]))
	require.True(t, sameMemory(container(one).StartupProbe.HTTPGet.Path, container(other).StartupProbe.HTTPGet.Path))
	require.True(t, sameMemory(container(one).StartupProbe.HTTPGet.Port.StrVal, container(other).StartupProbe.HTTPGet.Port.StrVal))
}

func TestUnstructuredObjectsShareStrings(t *testing.T) {
	made := func() *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			fresh("status"): map[string]any{fresh("conditions"): []any{map[string]any{fresh("type"): fresh("Ready"), fresh("observedGeneration"): int64(3)}}},
		}}
	}
	s := &Strings{}
	one, other := share(t, s, made()), share(t, s, made())
	require.Equal(t, made(), other)
	ready := func(of *unstructured.Unstructured) (key, value string) {
		conditions, _, err := unstructured.NestedSlice(of.Object, "status", "conditions")
		require.NoError(t, err)
		for key, value := range conditions[0].(map[string]any) {
			if key == "type" {
				return key, value.(string)
			}
		}
		return "", ""
	}
	oneKey, oneValue := ready(one)
	otherKey, otherValue := ready(other)
	require.True(t, sameMemory(oneKey, otherKey))
	require.True(t, sameMemory(oneValue, otherValue))
}

// Labels of the objects of one BarqCluster are the same.
func TestEqualMapsAreOne(t *testing.T) {
	s := &Strings{}
	labelled := func(labels ...string) map[string]string {
		object := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{}}}
		for i := 0; i < len(labels); i += 2 {
			object.Labels[fresh(labels[i])] = fresh(labels[i+1])
		}
		return share(t, s, object).Labels
	}
	same := func(a, b map[string]string) bool {
		return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	}
	first := labelled("a", "1", "b", "2")
	require.True(t, same(first, labelled("b", "2", "a", "1")))
	for _, others := range [][]string{{"a", "1"}, {"a", "1", "b", "3"}, {"a", "1", "c", "2"}, {"a", "1\x00b\n2"}, {}} {
		other := labelled(others...)
		require.False(t, same(first, other))
		require.Len(t, other, len(others)/2)
	}
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, first)
}

func TestEqualConditionsAreOne(t *testing.T) {
	s := &Strings{}
	conditions := func(of ...map[string]any) []any {
		object := &unstructured.Unstructured{Object: map[string]any{"conditions": []any{}}}
		for _, condition := range of {
			object.Object["conditions"] = append(object.Object["conditions"].([]any), condition)
		}
		return share(t, s, object).Object["conditions"].([]any)
	}
	ready := func() map[string]any {
		return map[string]any{"type": "Ready", "observedGeneration": int64(3), "stale": false, "load": 0.5, "message": nil}
	}
	with := func(key string, value any) map[string]any {
		other := ready()
		other[key] = value
		return other
	}
	first := conditions(ready())[0]
	others := []map[string]any{
		with("observedGeneration", float64(3)), with("observedGeneration", "3"), with("stale", nil), with("load", int64(0)),
		with("more", nil), with("list", []any{}), with("map", map[string]any{}),
		{},
	}
	for _, other := range others {
		found := conditions(other, ready())
		require.Equal(t, other, found[0])
		require.NotEqual(t, reflect.ValueOf(first).Pointer(), reflect.ValueOf(found[0]).Pointer())
		require.Equal(t, reflect.ValueOf(first).Pointer(), reflect.ValueOf(found[1]).Pointer())
	}
	require.Equal(t, ready(), first)
}

// What is seen often is kept among however many that are seen once, and of those only some are.
func TestWhatIsSeenOnceIsForgotten(t *testing.T) {
	s := &Strings{}
	account := func(name string) *corev1.ServiceAccount {
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"name": name}}}
	}
	often := share(t, s, account(fresh("often")))
	for i := range 5 * kept {
		share(t, s, account(fmt.Sprintf("once %d", i)))
		again := share(t, s, account(fresh("often")))
		require.True(t, sameMemory(often.Name, again.Name), "after %d", i)
		require.Equal(t, reflect.ValueOf(often.Labels).Pointer(), reflect.ValueOf(again.Labels).Pointer(), "after %d", i)
	}
	require.LessOrEqual(t, len(s.texts.recent)+len(s.texts.former), 2*kept)
	require.LessOrEqual(t, len(s.maps.recent)+len(s.maps.former), 2*kept)
	require.NotContains(t, s.texts.former, "once 0")
	require.NotContains(t, s.texts.recent, "once 0")
}

func TestLongStringsAreNotKept(t *testing.T) {
	s := &Strings{}
	share(t, s, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("x", longest+1)},
		Data:       map[string]string{"key": strings.Repeat("x", longest)},
	})
	require.Empty(t, s.texts.recent)
	require.Empty(t, s.maps.recent)
}

// A pod that was deleted while the watch was cut comes as what says so, and others as nothing of Kubernetes' at all.
func TestOtherThingsAreLeft(t *testing.T) {
	s := &Strings{}
	for _, thing := range []any{nil, 7, "text", cache.DeletedFinalStateUnknown{Key: "key", Obj: statefulSet()}} {
		shared, err := s.Share(thing)
		require.NoError(t, err)
		require.Equal(t, thing, shared)
	}
}
