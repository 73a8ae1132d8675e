package release

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// mapper knows the kinds of Kubernetes and BarqClusters.
func mapper() meta.RESTMapper {
	all := testrestmapper.TestOnlyStaticRESTMapper(clientgoscheme.Scheme)
	own := meta.NewDefaultRESTMapper(nil)
	own.Add(v1alpha1.BarqClusterKind, meta.RESTScopeNamespace)
	return meta.MultiRESTMapper{own, all}
}

// withoutServer gives Helm's client for the release db in namespace team, which reads manifests and nothing else.
func withoutServer() *directClient {
	getter := genericclioptions.NewTestConfigFlags().WithRESTMapper(mapper()).
		WithClientConfig(clientcmd.NewDefaultClientConfig(*clientcmdapi.NewConfig(), &clientcmd.ConfigOverrides{
			ClusterInfo: clientcmdapi.Cluster{Server: "http://localhost:1"},
		}))
	return &directClient{
		Client: kube.New(getter), facts: &passFacts{}, statefulSets: &clusters.Versions{}, built: map[string]kube.ResourceList{},
		cluster: ownerOfTheRelease(),
	}
}

func ownerOfTheRelease() *unstructured.Unstructured {
	cluster := clusters.Object()
	cluster.SetNamespace("team")
	cluster.SetName("db")
	cluster.SetUID("uid of db")
	return cluster
}

// Another text would be another revision of every release there is.
func TestTheOwnerIsWrittenAsTheLibraryDoes(t *testing.T) {
	const folder = "../../helm-charts/barq-db"
	chart, err := loader.LoadDir(folder)
	require.NoError(t, err)
	examples, err := filepath.Glob(folder + "/ci/*-values.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		t.Run(filepath.Base(example), func(t *testing.T) {
			values, err := chartutil.ReadValuesFile(example)
			require.NoError(t, err)
			install := action.NewInstall(&action.Configuration{})
			install.ClientOnly, install.DryRun, install.ReleaseName, install.Namespace = true, true, "db", "team"
			install.KubeVersion = &chartutil.KubeVersion{Version: "v1.36.0", Major: "1", Minor: "36"}
			rendered, err := install.Run(chart, values)
			require.NoError(t, err)

			owner := ownerOfTheRelease()
			theirs := helmclient.DefaultPostRendererFunc(mapper(), withoutServer(), owner)
			want, err := theirs.Run(bytes.NewBufferString(rendered.Manifest))
			require.NoError(t, err)
			helm := withoutServer()
			ours := &owning{helm: helm, owner: owner, library: forbidden{t}}
			got, err := ours.Run(bytes.NewBufferString(rendered.Manifest))
			require.NoError(t, err)
			require.Equal(t, want.String(), got.String())

			require.Contains(t, helm.built, got.String())
			known, err := helm.Build(got, false)
			require.NoError(t, err)
			read, err := withoutServer().Build(want, false)
			require.NoError(t, err)
			require.Len(t, known, len(read))
			for i := range read {
				require.Equal(t, read[i].Object, known[i].Object)
				require.Equal(t, nameOf(read[i]), nameOf(known[i]))
			}
		})
	}
}

// forbidden is a post-renderer that is not to be needed.
type forbidden struct{ t *testing.T }

func (f forbidden) Run(in *bytes.Buffer) (*bytes.Buffer, error) {
	require.Fail(f.t, "the library's post-renderer was called")
	return in, nil
}

func TestWhatTheChartDoesNotRenderIsLeftToTheLibrary(t *testing.T) {
	for name, manifest := range map[string]string{
		"of no namespace":      "{apiVersion: v1, kind: Namespace, metadata: {name: db}}",
		"of another namespace": "{apiVersion: v1, kind: ConfigMap, metadata: {name: db, namespace: other}}",
		"kept":                 "{apiVersion: v1, kind: ConfigMap, metadata: {name: db, namespace: team, annotations: {helm.sh/resource-policy: keep}}}",
	} {
		t.Run(name, func(t *testing.T) {
			helm := withoutServer()
			library := helmclient.DefaultPostRendererFunc(mapper(), helm, ownerOfTheRelease())
			manifest := "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: team}}\n---\n" + manifest
			got, err := (&owning{helm: helm, owner: ownerOfTheRelease(), library: library}).Run(bytes.NewBufferString(manifest))
			require.NoError(t, err)
			want, err := library.Run(bytes.NewBufferString(manifest))
			require.NoError(t, err)
			require.Equal(t, want.String(), got.String())
			require.Equal(t, 1, strings.Count(got.String(), "ownerReferences"))
		})
	}
}
