package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/demo/internal/record"
)

// reachTimeout bounds the first request to a cluster, which nobody may answer.
const reachTimeout = 15 * time.Second

// connect makes the client for the recorded kubeconfig, and forgets what was recorded
// about another cluster that had the same kubeconfig.
func (d *demo) connect(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", d.record.Kubeconfig)
	if err != nil {
		return fmt.Errorf("the kubeconfig %s is of no use: %w", d.record.Kubeconfig, err)
	}
	// A person waits.
	config.QPS, config.Burst = 100, 200
	config.WarningHandler = rest.NewWarningWriter(os.Stderr, rest.WarningWriterOptions{Deduplicate: true})
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	kubernetes, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("connect to the cluster of %s: %w", d.record.Kubeconfig, err)
	}

	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	system := &corev1.Namespace{}
	if err := kubernetes.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, system); err != nil {
		return fmt.Errorf("reach the cluster of %s: %w", d.record.Kubeconfig, err)
	}
	if d.record.ClusterUID != system.UID {
		d.record = &record.Record{
			Kubeconfig: d.record.Kubeconfig, ClusterUID: system.UID, Started: d.record.Started, OwnerPID: d.record.OwnerPID,
		}
	}
	d.config, d.kubernetes = config, kubernetes
	return d.saveRecord()
}
