package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/demo/internal/report"
)

// show says what was made, and how to look further.
func (d *demo) show(ctx context.Context, keys []client.ObjectKey) error {
	d.heading("What was made")
	for _, namespace := range distinctNamespaces(keys) {
		if err := d.showObjects(ctx, namespace, keys); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := d.showCluster(ctx, key); err != nil {
			return err
		}
	}
	if err := d.showWhatIsSimulated(ctx); err != nil {
		return err
	}
	d.heading("To look further")
	in, name := "kubectl -n "+keys[0].Namespace, keys[0].Name
	d.showHints(in+" get bqc -w", in+" describe bqc "+name, in+" scale bqc "+name+" --replicas=3", in+" edit bqc "+name)
	return nil
}

// showObjects shows the sample's BarqClusters in a namespace and what belongs to them,
// as kubectl does.
func (d *demo) showObjects(ctx context.Context, namespace string, keys []client.ObjectKey) error {
	var names []string
	for _, key := range keys {
		if key.Namespace == namespace {
			names = append(names, key.Name)
		}
	}
	belongs := fmt.Sprintf("app.kubernetes.io/name=barq-db,app.kubernetes.io/instance in (%s)", strings.Join(names, ","))
	for _, args := range [][]string{
		append([]string{"--output=wide", "barqclusters.barq.db"}, names...),
		// Wide where it tells more that a person wants to know.
		{"--output=wide", "statefulset,pod", "--selector", belongs},
		{"service,serviceaccount,persistentvolumeclaim", "--selector", belongs},
	} {
		get := exec.CommandContext(ctx, d.kubectl, append([]string{"get", "--namespace", namespace}, args...)...)
		get.Env = append(os.Environ(), "KUBECONFIG="+d.record.Kubeconfig)
		get.Stdout, get.Stderr = d.out, d.out
		if err := get.Run(); err != nil {
			return fmt.Errorf("%s: %w", get, err)
		}
		d.printf("\n")
	}
	return nil
}

// showCluster shows what a BarqCluster says of itself, and the environment of its
// container.
func (d *demo) showCluster(ctx context.Context, key client.ObjectKey) error {
	cluster := &v1alpha1.BarqCluster{}
	if err := d.kubernetes.Get(ctx, key, cluster); err != nil {
		return err
	}
	set := &appsv1.StatefulSet{}
	if err := d.kubernetes.Get(ctx, key, set); err != nil {
		return err
	}
	if endpoints := cluster.Status.Endpoints; endpoints != nil {
		d.printf("Endpoints of %s, for clients in the cluster:\n%s\n\n", key.Name, indent(report.Table([][]string{
			{"HTTP", endpoints.HTTP}, {"gRPC", endpoints.GRPC},
		})))
	}
	d.printf("Conditions of %s:\n%s\n\n", key.Name, indent(report.Table(report.Conditions(cluster.Status.Conditions))))
	for _, container := range set.Spec.Template.Spec.Containers {
		d.printf("The whole environment of the container %s:\n%s\n\n", container.Name, indent(report.Table(report.Environment(&container))))
	}
	return nil
}

// showWhatIsSimulated says so when no container runs.
func (d *demo) showWhatIsSimulated(ctx context.Context) error {
	nodes := &corev1.NodeList{}
	if err := d.kubernetes.List(ctx, nodes); err != nil {
		return err
	}
	simulated := func(node corev1.Node) bool { return strings.HasPrefix(node.Status.NodeInfo.KubeletVersion, "kwok-") }
	if slices.ContainsFunc(nodes.Items, simulated) {
		d.printf("The nodes are simulated: no container runs, and nobody listens at the endpoints. The API server,\n" +
			"the controllers, the scheduler and the operator are real. See docs/test-cluster.md.\n")
	}
	return nil
}
