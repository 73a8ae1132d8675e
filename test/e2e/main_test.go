package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/barqcluster"
)

// root is the top of the repository.
const root = "../.."

// patience is how long anything may take that takes seconds by itself, on a
// machine that is busy. A killed operator's lease alone takes 15 s to run out.
const patience = 3 * time.Minute

// What every test shares.
var (
	// suite is the cluster that is tested on.
	suite barqcluster.Kubernetes
	// clientset is for what only it can: port-forwarding and logs.
	clientset *kubernetes.Clientset
	// restConfig is the administrator's.
	restConfig *rest.Config
	// images are what runs.
	images imageReferences
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e tests:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	ctx := context.Background()
	if err := connect(); err != nil {
		return 1, err
	}
	var err error
	if images, err = packImages(ctx); err != nil {
		return 1, err
	}
	if err := installOperator(ctx, images.operator); err != nil {
		collect("operator", operatorNamespace)
		return 1, err
	}
	code := m.Run()
	if code != 0 {
		collect("operator", operatorNamespace)
		return code, nil
	}
	return 0, removeOperator()
}

func connect() error {
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		return fmt.Errorf("KUBECONFIG names no cluster; run `make e2e`, or `make e2e KUBECONFIG=path` for a cluster of your own")
	}
	var err error
	if restConfig, err = clientcmd.BuildConfigFromFlags("", path); err != nil {
		return err
	}
	// The tests ask more often than a person would.
	restConfig.QPS, restConfig.Burst = 200, 400
	if err := v1alpha1.AddToScheme(clientgoscheme.Scheme); err != nil {
		return err
	}
	admin, err := client.New(restConfig, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		return err
	}
	suite = barqcluster.Kubernetes{Client: admin, Patience: patience}
	clientset, err = kubernetes.NewForConfig(restConfig)
	return err
}
