package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/translate"
	"github.com/barq-db/barq-operator/test/chart/helmtemplate"
	testcluster "github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/testbed"
)

// chartFolder is the chart that all contenders install, from the top of the repository.
const chartFolder = "helm-charts/barq-db"

// placeholder is the name for which the chart is rendered, and which is in nothing else.
const placeholder = "name-to-be-replaced"

// stockKind is what the stock operator is given in place of a BarqCluster.
var stockKind = schema.GroupVersionKind{Group: "bench.barq.db", Version: "v1", Kind: "StockCluster"}

// newBarqCluster gives the BarqCluster that is measured.
func (e *environment) newBarqCluster(contender, namespace, name string) *v1alpha1.BarqCluster {
	cluster := testbed.NewCluster(namespace, name)
	if contender == Asking {
		cluster.Spec.PodAnnotations = v1alpha1.Annotations{testcluster.AddressAnnotation: e.podAddress}
	}
	return cluster
}

// values are those that the operator translates the measured BarqCluster to, with the API
// server's defaults in it. Its name is placeholder, of which only an agent's values have something.
func (e *environment) values(ctx context.Context, contender string) (map[string]any, error) {
	cluster := e.newBarqCluster(contender, metav1.NamespaceDefault, placeholder)
	if err := e.Admin.Create(ctx, cluster, client.DryRunAll); err != nil {
		return nil, fmt.Errorf("let the API server fill in the defaults of a BarqCluster: %w", err)
	}
	facts := translate.Facts{OperatorNamespace: operatorprocess.Namespace}
	if contender == Asking {
		facts.AgentImage = agentImage
	}
	return translate.ToValues(cluster, facts)
}

// newStockCluster gives the resource from which the stock operator renders the same objects.
func newStockCluster(namespace, name string, values map[string]any) *unstructured.Unstructured {
	cluster := &unstructured.Unstructured{Object: map[string]any{"spec": values}}
	cluster.SetGroupVersionKind(stockKind)
	cluster.SetNamespace(namespace)
	cluster.SetName(name)
	return cluster
}

// writeRendered writes what Helm renders for count clusters, each as a line with a list of objects, and
// gives the number of objects of each cluster.
func (e *environment) writeRendered(path, namespace string, count int, values map[string]any) (objects int, err error) {
	chart, err := loader.LoadDir(filepath.Join(e.Root, chartFolder))
	if err != nil {
		return 0, err
	}
	// Rendered once: a thousand times would take as long as what is to be measured.
	release, err := helmtemplate.Render(chart, placeholder, namespace, values)
	if err != nil {
		return 0, fmt.Errorf("render the chart: %w", err)
	}
	rendered, err := parseObjects(release.Manifest, namespace)
	if err != nil {
		return 0, err
	}
	line, err := json.Marshal(rendered)
	if err != nil {
		return 0, err
	}
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	writer := bufio.NewWriter(file)
	for i := range count {
		if _, err := fmt.Fprintln(writer, strings.ReplaceAll(string(line), placeholder, testbed.ClusterName(i))); err != nil {
			return 0, err
		}
	}
	return len(rendered), writer.Flush()
}

func parseObjects(manifest, namespace string) ([]map[string]any, error) {
	var objects []map[string]any
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("parse what the chart renders: %w", err)
		}
		if len(object) == 0 {
			continue
		}
		(&unstructured.Unstructured{Object: object}).SetNamespace(namespace)
		objects = append(objects, object)
	}
	return objects, nil
}
