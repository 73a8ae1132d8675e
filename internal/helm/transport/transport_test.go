package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
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
			config, err := ReadsFrom(cache, func() bool { return test.trustsAbsence })(t.Context(), nil, &rest.Config{Host: server.URL})
			require.NoError(t, err)
			client, err := rest.HTTPClientFor(config)
			require.NoError(t, err)
			asked, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, strings.NewReader(""))
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
