package release

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/barq-db/barq-operator/internal/clusters"
)

func TestReadsThatTheCacheAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(answer, "the API server")
	}))
	t.Cleanup(server.Close)
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "db", UID: "one"}}
	cache := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(service).Build()

	for name, test := range map[string]struct {
		method, path  string
		trustsAbsence bool
		want          string
	}{
		"one that is there":                   {path: "/api/v1/namespaces/team/services/db", want: `"uid":"one"`},
		"one that is not":                     {path: "/api/v1/namespaces/team/services/db2", want: "the API server"},
		"one that is not, in a first install": {path: "/api/v1/namespaces/team/services/db2", trustsAbsence: true, want: `services \"db2\" not found`},
		"one of a group":                      {path: "/apis/apps/v1/namespaces/team/statefulsets/db", trustsAbsence: true, want: `statefulsets.apps \"db\" not found`},
		"a kind without a cache":              {path: "/apis/monitoring.coreos.com/v1/namespaces/team/podmonitors/db", trustsAbsence: true, want: "the API server"},
		"a Secret":                            {path: "/api/v1/namespaces/team/secrets/db", trustsAbsence: true, want: "the API server"},
		"a list":                              {path: "/api/v1/namespaces/team/services", trustsAbsence: true, want: "the API server"},
		"a selection":                         {path: "/api/v1/namespaces/team/services/db?watch=true", want: "the API server"},
		"a part":                              {path: "/api/v1/namespaces/team/services/db/status", want: "the API server"},
		"a write":                             {method: http.MethodDelete, path: "/api/v1/namespaces/team/services/db", want: "the API server"},
		"no resource":                         {path: "/version", want: "the API server"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := withPassFacts(t.Context(), &passFacts{trustsAbsence: test.trustsAbsence})
			config, err := readsFrom(cache)(ctx, nil, &rest.Config{Host: server.URL})
			require.NoError(t, err)
			client, err := rest.HTTPClientFor(config)
			require.NoError(t, err)
			asked, err := http.NewRequestWithContext(ctx, test.method, server.URL+test.path, strings.NewReader(""))
			require.NoError(t, err)
			answered, err := client.Do(asked)
			require.NoError(t, err)
			defer func() { _ = answered.Body.Close() }()
			content, err := io.ReadAll(answered.Body)
			require.NoError(t, err)
			require.Contains(t, string(content), test.want)
		})
	}
}

func TestPatchesThatChangeNothing(t *testing.T) {
	var received string
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, asked *http.Request) {
		content, err := io.ReadAll(asked.Body)
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		received = string(content)
		_, _ = io.WriteString(answer, "the API server")
	}))
	t.Cleanup(server.Close)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "db", UID: "one"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: ptr.To(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
		},
	}
	cache := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(budget).Build()
	config, err := readsFrom(cache)(t.Context(), nil, &rest.Config{Host: server.URL})
	require.NoError(t, err)
	client, err := rest.HTTPClientFor(config)
	require.NoError(t, err)

	const strategic, merge = "application/strategic-merge-patch+json", "application/merge-patch+json"
	const path = "/apis/policy/v1/namespaces/team/poddisruptionbudgets/db?fieldManager=barq-operator"
	for name, test := range map[string]struct{ path, kind, patch, want, handedOn string }{
		"the same again":   {path, strategic, `{"spec":{"selector":{"matchLabels":{"a":"b"}}}}`, `"uid":"one"`, ""},
		"another selector": {path, strategic, `{"spec":{"selector":{"matchLabels":{"a":"c"}}}}`, "the API server", `{"metadata":{"uid":"one"},"spec":{"selector":{"matchLabels":{"a":"c"}}}}`},
		"a field more":     {path, strategic, `{"metadata":{"labels":{"a":"b"}}}`, "the API server", `{"metadata":{"labels":{"a":"b"},"uid":"one"}}`},
		"another kind":     {path, merge, `{"spec":{"maxUnavailable":1}}`, "the API server", `{"metadata":{"uid":"one"},"spec":{"maxUnavailable":1}}`},
		"no patch":         {path, strategic, `{`, "the API server", `{`},
		"one that is gone": {strings.Replace(path, "db", "other", 1), strategic, `{}`, "the API server", `{}`},
		"its status":       {strings.Replace(path, "db", "db/status", 1), strategic, `{}`, "the API server", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			asked, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, server.URL+test.path, strings.NewReader(test.patch))
			require.NoError(t, err)
			asked.Header.Set("Content-Type", test.kind)
			answered, err := client.Do(asked)
			require.NoError(t, err)
			defer func() { _ = answered.Body.Close() }()
			content, err := io.ReadAll(answered.Body)
			require.NoError(t, err)
			require.Contains(t, string(content), test.want)
			if test.want == "the API server" {
				require.Equal(t, test.handedOn, received, "it is for that object and no other of the name")
			}
		})
	}
}

func TestAConflictIsNoted(t *testing.T) {
	services := schema.GroupResource{Resource: "services"}
	exists := apierrors.NewAlreadyExists(services, "db")
	forbidden := apierrors.NewForbidden(services, "db", nil)
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"none":            {nil, false},
		"another":         {forbidden, false},
		"one":             {exists, true},
		"one of several":  {multierror.Append(forbidden, exists), true},
		"none of several": {multierror.Append(forbidden, forbidden), false},
	} {
		t.Run(name, func(t *testing.T) {
			helm := &directClient{facts: &passFacts{}, statefulSets: &clusters.Versions{}}
			helm.noteConflict(test.err)
			require.Equal(t, test.want, helm.facts.conflicted)
			helm.noteConflict(nil)
			require.Equal(t, test.want, helm.facts.conflicted, "it stays")
		})
	}
}

// Helm changes what it is given, so each time it is given something else.
func TestAManifestIsReadOnce(t *testing.T) {
	helm := withoutServer()
	const manifest = "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: team}}"
	build := func(manifest string) *unstructured.Unstructured {
		t.Helper()
		built, err := helm.Build(strings.NewReader(manifest), false)
		require.NoError(t, err)
		require.Len(t, built, 1)
		return built[0].Object.(*unstructured.Unstructured)
	}
	first := build(manifest).DeepCopy()
	require.Equal(t, "db", first.GetAnnotations()["meta.helm.sh/release-name"])
	build(manifest).SetLabels(map[string]string{"changed": "by Helm"})
	require.Equal(t, first, build(manifest))
	require.Len(t, helm.built, 1)
	require.NotEqual(t, first, build(strings.Replace(manifest, "name: db,", "name: other,", 1)))
}
