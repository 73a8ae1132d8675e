package inventory

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// observer is an Inventory, and the changes that it has reported.
type observer struct {
	*Inventory

	told []string
}

func observe(namespaces ...string) *observer {
	o := &observer{Inventory: newInventory(nil, namespaces)}
	o.OnChange(func(secret types.NamespacedName) { o.told = append(o.told, secret.String()) })
	return o
}

// takeTold returns the changes since the last call.
func (o *observer) takeTold() []string {
	told := o.told
	o.told = nil
	return slices.Sorted(slices.Values(told))
}

func metadataOf(namespace, name, version string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, ResourceVersion: version}}
}

// list gives the Inventory a list of objects, as a reflector does.
func list(t *testing.T, into *watched, objects ...any) {
	t.Helper()
	for i := range objects {
		small, err := into.Transformer()(objects[i])
		require.NoError(t, err)
		objects[i] = small
	}
	require.NoError(t, into.Replace(objects, "1"))
}

func TestAnInventoryFollowsItsWatch(t *testing.T) {
	o := observe()
	watch := &watched{inventory: o.Inventory}
	keys := types.NamespacedName{Namespace: "team", Name: "keys"}
	require.Empty(t, o.Version(keys))
	list(t, watch, metadataOf("team", "keys", "1"), metadataOf("other", "keys", "2"))
	require.NoError(t, o.AwaitListed(t.Context()))
	require.Equal(t, "1", o.Version(keys))
	require.Empty(t, o.takeTold(), "one that asks begins with what there is")

	require.NoError(t, watch.Update(metadataOf("team", "keys", "3")))
	require.NoError(t, watch.Add(metadataOf("team", "more", "4")))
	require.NoError(t, watch.Add(metadataOf("team", "more", "4")))
	require.Equal(t, "3", o.Version(keys))
	require.Equal(t, []string{"team/keys", "team/more"}, o.takeTold())

	require.NoError(t, watch.Delete(metadataOf("team", "keys", "5")))
	require.Empty(t, o.Version(keys))
	require.NoError(t, watch.Delete(metadataOf("team", "keys", "5")))
	require.NoError(t, watch.Delete(metadataOf("team", "more", "6")))
	require.NoError(t, watch.Delete(metadataOf("team", "none", "6")))
	require.Equal(t, []string{"team/keys", "team/more"}, o.takeTold())
	require.Equal(t, map[string]map[string]string{"other": {"keys": "2"}}, o.versions)

	// The watch broke, and many objects have changed.
	list(t, watch, metadataOf("team", "keys", "7"), metadataOf("other", "new", "8"), metadataOf("other", "newer", "9"))
	require.Equal(t, []string{"other/keys", "other/new", "other/newer", "team/keys"}, o.takeTold())
	list(t, watch, metadataOf("team", "keys", "7"), metadataOf("other", "new", "8"), metadataOf("other", "newer", "10"))
	require.Equal(t, []string{"other/newer"}, o.takeTold())
	require.Equal(t, map[string]map[string]string{"team": {"keys": "7"}, "other": {"new": "8", "newer": "10"}}, o.versions)
}

func TestAnInventoryOfSomeNamespaces(t *testing.T) {
	o := observe("one", "two")
	one, two := &watched{inventory: o.Inventory, namespace: "one"}, &watched{inventory: o.Inventory, namespace: "two"}
	list(t, one, metadataOf("one", "keys", "1"))
	select {
	case <-o.listed:
		require.Fail(t, "the second namespace is not known yet")
	default:
	}
	list(t, one, metadataOf("one", "keys", "2"))
	list(t, two, metadataOf("two", "keys", "3"))
	require.NoError(t, o.AwaitListed(t.Context()))
	list(t, two)
	require.Equal(t, map[string]map[string]string{"one": {"keys": "2"}}, o.versions)
	require.Equal(t, []string{"one/keys", "two/keys"}, o.takeTold())
}

// Unrelated Secrets must not cost memory: a cache of their metadata takes several times as much.
func TestWhatUnrelatedSecretsTake(t *testing.T) {
	const secrets, limit = 10_000, 2 << 20
	o := observe()
	watch := &watched{inventory: o.Inventory}
	before := heap()
	list(t, watch, many(secrets)...)
	taken := heap() - before
	t.Logf("%d Secrets take %d bytes each", secrets, taken/secrets)
	require.Less(t, taken, int64(limit))
	require.Len(t, o.versions, 100)
}

// many returns the metadata of Secrets in a hundred namespaces.
func many(count int) []any {
	objects := make([]any, count)
	for i := range objects {
		objects[i] = metadataOf(fmt.Sprintf("namespace-%d", i%100), fmt.Sprintf("a-secret-of-some-length-%d", i), fmt.Sprint(i))
	}
	return objects
}

// heap returns how many bytes of the heap are in use.
func heap() int64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}
