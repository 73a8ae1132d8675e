package apply

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

const (
	update = metav1.ManagedFieldsOperationUpdate
	server = metav1.ManagedFieldsOperationApply
	// helmFields are the fields of an object that Helm has created.
	helmFields = `{"f:metadata":{"f:annotations":{"f:meta.helm.sh/release-name":{}}},
		"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"barq-db\"}":{".":{},"f:image":{}}}}}}}`
	// templateFields are those of them that a repair leaves to Helm.
	templateFields = `{"f:metadata":{"f:annotations":{"f:meta.helm.sh/release-name":{}}},
		"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"barq-db\"}":{".":{},"f:image":{}}}}}}}`
	ownFields = `{"f:spec":{"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"barq-db\"}":{".":{},"f:image":{}}}}}}}`
)

func written(manager string, operation metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: operation, APIVersion: "apps/v1", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}
}

func object(managed ...metav1.ManagedFieldsEntry) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		ResourceVersion: "7", ManagedFields: managed, Annotations: map[string]string{DigestAnnotation: "digest"},
	}}
}

// claimed returns who owns which fields after a claim; nil if there is nothing to claim.
func claimed(t *testing.T, kind string, scope Scope, live metav1.Object) map[string]string {
	t.Helper()
	content, err := Claim(kind, live, scope)
	require.NoError(t, err)
	if content == nil {
		return nil
	}
	var patch []struct {
		Op, Path string
		Value    json.RawMessage
	}
	require.NoError(t, json.Unmarshal(content, &patch))
	require.Len(t, patch, 3)
	require.Equal(t, "/metadata/managedFields", patch[0].Path)
	require.Equal(t, []string{"replace", "/metadata/resourceVersion", `"7"`}, []string{patch[1].Op, patch[1].Path, string(patch[1].Value)})
	require.Equal(t, []string{"remove", "/metadata/annotations/barq.db~1applied-digest"}, []string{patch[2].Op, patch[2].Path})
	var managed []metav1.ManagedFieldsEntry
	require.NoError(t, json.Unmarshal(patch[0].Value, &managed))
	require.False(t, StateOf(kind, object(managed...)).Added, "there is nothing to claim a second time")
	again, err := Claim(kind, object(managed...), scope)
	require.NoError(t, err)
	require.Nil(t, again)
	owners := map[string]string{}
	for _, one := range managed {
		set := fieldpath.NewSet()
		require.NoError(t, set.FromJSON(one.FieldsV1.GetRawReader()))
		var paths []string
		set.Iterate(func(path fieldpath.Path) { paths = append(paths, path.String()) })
		slices.Sort(paths)
		name := one.Manager + " " + string(one.Operation)
		require.NotContains(t, owners, name)
		owners[name] = strings.Join(paths, " ")
	}
	return owners
}

func TestClaim(t *testing.T) {
	const image, entry = `.spec.template.spec.containers[name="barq-db"].image`, `.spec.template.spec.containers[name="barq-db"]`
	const mark = ".metadata.annotations.meta.helm.sh/release-name"
	own := written(Manager, server, ownFields)
	for name, test := range map[string]struct {
		kind  string
		scope Scope
		live  []metav1.ManagedFieldsEntry
		want  map[string]string
	}{
		"nothing of others": {"StatefulSet", Everything, []metav1.ManagedFieldsEntry{own}, nil},
		"a create of Helm's": {
			"StatefulSet", Everything,
			[]metav1.ManagedFieldsEntry{written("helm", update, helmFields)},
			map[string]string{Manager + " Apply": strings.Join([]string{mark, ".spec.replicas", entry, image}, " ")},
		},
		"the same for a repair": {
			"StatefulSet", WithoutTemplate,
			[]metav1.ManagedFieldsEntry{written("helm", update, helmFields)},
			map[string]string{Manager + " Apply": ".spec.replicas", "helm Update": strings.Join([]string{mark, entry, image}, " ")},
		},
		"once more for a repair": {
			"StatefulSet", WithoutTemplate,
			[]metav1.ManagedFieldsEntry{own, written("helm", update, templateFields)},
			nil,
		},
		"a variable by hand": {
			"StatefulSet", WithoutTemplate,
			[]metav1.ManagedFieldsEntry{own, written("kubectl", update,
				`{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"barq-db\"}":{"f:env":{"k:{\"name\":\"A\"}":{".":{},"f:value":{}}}}}}}}}`)},
			map[string]string{Manager + " Apply": strings.Join([]string{
				".spec.replicas", entry, entry + `.env[name="A"]`, entry + `.env[name="A"].value`, image,
			}, " ")},
		},
		"a value that both apply": {
			"StatefulSet", Everything, []metav1.ManagedFieldsEntry{own, written("kubectl", server, `{"f:spec":{"f:replicas":{}}}`)}, nil,
		},
		"a sidecar": {
			"StatefulSet", Everything,
			[]metav1.ManagedFieldsEntry{own, written("injector", update, `{"f:spec":{"f:template":{"f:metadata":{"f:labels":{"f:a":{}}},`+
				`"f:spec":{"f:containers":{"k:{\"name\":\"proxy\"}":{".":{},"f:image":{}}},"f:volumes":{"k:{\"name\":\"proxy\"}":{".":{},"f:emptyDir":{}}}}}}}`)},
			nil,
		},
		"a status": {
			"StatefulSet", Everything,
			[]metav1.ManagedFieldsEntry{own, {Manager: "controller", Operation: update, Subresource: "status", FieldsV1: metav1.NewFieldsV1(`{"f:status":{"f:replicas":{}}}`)}},
			nil,
		},
		"part of what another has written": {
			"Service", Everything,
			[]metav1.ManagedFieldsEntry{own, written("cloud", update, `{"f:metadata":{"f:finalizers":{"v:\"a\"":{}}},"f:spec":{"f:externalIPs":{}}}`)},
			map[string]string{
				Manager + " Apply": ".spec.externalIPs .spec.replicas " + entry + " " + image,
				"cloud Update":     `.metadata.finalizers[="a"]`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, claimed(t, test.kind, test.scope, object(test.live...)))
		})
	}
}

func TestStateOf(t *testing.T) {
	own := written(Manager, server, ownFields)
	for name, test := range map[string]struct {
		live []metav1.ManagedFieldsEntry
		want State
	}{
		"applied": {[]metav1.ManagedFieldsEntry{own, {Manager: "controller", Operation: update, Subresource: "status", FieldsV1: metav1.NewFieldsV1(`{}`)}}, State{}},
		"created": {[]metav1.ManagedFieldsEntry{written(Manager, update, helmFields)}, State{Created: true}},
		"created, and written by another": {
			[]metav1.ManagedFieldsEntry{written(Manager, update, helmFields), written("x", update, `{"f:metadata":{"f:labels":{"f:a":{}}}}`)},
			State{Created: true, Writers: []string{"x"}},
		},
		"of Helm":  {[]metav1.ManagedFieldsEntry{written("helm", update, helmFields)}, State{Created: true, Helm: true}},
		"labelled": {[]metav1.ManagedFieldsEntry{own, written("x", update, `{"f:metadata":{"f:labels":{"f:a":{}}}}`)}, State{Writers: []string{"x"}}},
		"changed":  {[]metav1.ManagedFieldsEntry{own, written("x", update, `{"f:spec":{"f:ordinals":{}}}`)}, State{Added: true, Writers: []string{"x"}}},
		"unreadable": {
			[]metav1.ManagedFieldsEntry{own, written("x", update, `[`)}, State{Added: true, Writers: []string{""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			live := object(test.live...)
			require.Equal(t, test.want, StateOf("StatefulSet", live))
			for range 2 {
				stripped, err := Strip("StatefulSet")(live)
				require.NoError(t, err)
				require.Equal(t, test.want, StateOf("StatefulSet", stripped.(metav1.Object)), "the cache says the same, which may strip twice")
			}
		})
	}
}

func parse(t *testing.T, text string) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

func TestCovers(t *testing.T) {
	for _, test := range []struct {
		have, want string
		covers     bool
	}{
		{`{"a":1,"b":2}`, `{"a":1}`, true},
		{`{"a":2}`, `{"a":1}`, false},
		{`{}`, `{"a":1}`, false},
		{`{}`, `{"a":null,"b":""}`, true},
		{`{"a":[1,2]}`, `{"a":[1,2]}`, true},
		{`{"a":[1,2,3]}`, `{"a":[1,2]}`, false},
		{`{"a":[]}`, `{"a":[]}`, true},
		{`{}`, `{"a":[]}`, true},
		{`{"a":[{}]}`, `{"a":[]}`, false},
		{`{"a":[{"n":1,"d":0},{"n":2}]}`, `{"a":[{"n":1},{"n":2}]}`, true},
		{`{"a":[{"n":0},{"n":1},{"n":3},{"n":2}]}`, `{"a":[{"n":1},{"n":2}]}`, true},
		{`{"a":[{"n":2},{"n":1}]}`, `{"a":[{"n":1},{"n":2}]}`, false},
		{`{"a":[[1]]}`, `{"a":[[2]]}`, false},
		{`{"a":"text"}`, `{"a":{"b":1}}`, false},
		{`{"a":{"b":1}}`, `{"a":"text"}`, false},
	} {
		require.Equal(t, test.covers, Covers(parse(t, test.have), parse(t, test.want)), "%s covers %s", test.have, test.want)
	}
}

func TestKeeps(t *testing.T) {
	for _, test := range []struct {
		manifest, former string
		keeps            bool
	}{
		{`{"a":2,"b":1}`, `{"a":1}`, true},
		{`{"b":1}`, `{"a":1}`, false},
		{`{"a":[{"name":"x","v":2}]}`, `{"a":[{"name":"x","v":1}]}`, true},
		{`{"a":[{"name":"y","v":1}]}`, `{"a":[{"name":"x","v":1}]}`, false},
		{`{"a":[{"name":"x"}]}`, `{"a":[{"name":"x","v":1}]}`, false},
		{`{"a":[{"name":"x"},{"name":"y"}]}`, `{"a":[{"name":"x"}]}`, false},
		{`{"a":"text"}`, `{"a":{"b":1}}`, false},
	} {
		require.Equal(t, test.keeps, Keeps(parse(t, test.manifest), parse(t, test.former)), "%s keeps %s", test.manifest, test.former)
	}
}

func TestTheDigestIsOfWhatIsRendered(t *testing.T) {
	of := func(text string) string {
		rendered := &unstructured.Unstructured{Object: parse(t, text).(map[string]any)}
		require.NoError(t, Mark(rendered))
		first := Digest(rendered)
		require.NoError(t, Mark(rendered))
		require.Equal(t, first, Digest(rendered), "the digest is no part of it")
		return first
	}
	require.Equal(t, of(`{"spec":{"a":1,"b":2}}`), of(`{"spec":{"b":2,"a":1}}`))
	require.NotEqual(t, of(`{"spec":{"a":1}}`), of(`{"spec":{"a":2}}`))
}

// docs/ownership.md lists what the chart owns whole.
func TestThePageOfOwnership(t *testing.T) {
	content, err := os.ReadFile("../../docs/ownership.md")
	require.NoError(t, err)
	told := map[string][]string{}
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]\w+) \| (.*) \|$`).FindAllStringSubmatch(string(content), -1) {
		for _, field := range quoted.FindAllStringSubmatch(row[2], -1) {
			told[row[1]] = append(told[row[1]], field[1])
		}
	}
	require.Equal(t, wholes, told)
	lists := regexp.MustCompile(`(?s)these lists of the pod template: (.*?)\. An`).FindStringSubmatch(string(content))
	require.NotNil(t, lists)
	var shares []string
	for _, list := range quoted.FindAllStringSubmatch(lists[1], -1) {
		shares = append(shares, list[1])
	}
	require.Equal(t, shared, shares)
}
