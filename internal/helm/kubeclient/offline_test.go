package kubeclient

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"helm.sh/helm/v3/pkg/kube"

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

// withoutServer returns Helm's client for the release db in namespace team. It can only read manifests.
func withoutServer() *Client {
	getter := genericclioptions.NewTestConfigFlags().WithRESTMapper(mapper()).
		WithClientConfig(clientcmd.NewDefaultClientConfig(*clientcmdapi.NewConfig(), &clientcmd.ConfigOverrides{
			ClusterInfo: clientcmdapi.Cluster{Server: "http://localhost:1"},
		}))
	return &Client{
		Client: kube.New(getter), facts: &Facts{}, statefulSets: &clusters.Versions{}, built: map[string]kube.ResourceList{},
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
