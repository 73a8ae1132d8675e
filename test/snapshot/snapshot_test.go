package snapshot

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func object(uid, data string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "a", "namespace": "n", "uid": uid, "resourceVersion": "1", "managedFields": []any{}},
		"data":     data, "status": data,
	}}
}

func TestDifferences(t *testing.T) {
	name := func(resource string) Name { return Name{Resource: resource, Namespace: "n", Name: "a"} }
	before := Snapshot{
		name("same"): object("1", "x"), name("changed"): object("1", "x"), name("deleted"): object("1", "x"), name("again"): object("1", "x"),
	}
	after := Snapshot{
		name("same"): object("1", "x"), name("changed"): object("1", "y"), name("made"): object("1", "x"), name("again"): object("2", "x"),
	}
	var found []string
	for _, difference := range Differences(before, after) {
		found = append(found, difference.String())
	}
	require.Len(t, found, 4)
	require.Equal(t, "again n/a was deleted and made again", found[0])
	require.Contains(t, found[1], "changed n/a was changed from ")
	require.Equal(t, "deleted n/a was deleted", found[2])
	require.Contains(t, found[3], "made n/a was made: ")
	require.Empty(t, Differences(before, before))
}

func TestOnlyWhatAPersonDecidesCounts(t *testing.T) {
	require.Equal(t, map[string]any{"metadata": map[string]any{"name": "a", "namespace": "n", "uid": "1"}, "data": "x"}, decided(object("1", "x")).Object)
}
