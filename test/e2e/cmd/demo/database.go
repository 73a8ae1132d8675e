package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/e2e/manifests"
	"github.com/barq-db/barq-operator/test/wait"
)

// create makes the BarqCluster, and tells of it until it is Ready.
func (d *demo) create(ctx context.Context) error {
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := d.client.Create(ctx, space); client.IgnoreAlreadyExists(err) != nil {
		return err
	}
	if err := d.kubectl(ctx, "apply", "--server-side", "-f", sample); err != nil {
		return err
	}
	if err := d.follow(ctx); err != nil {
		return err
	}
	for _, kinds := range []string{"barqcluster", "statefulset,pod,service,pvc"} {
		if err := d.kubectl(ctx, "get", kinds); err != nil {
			return err
		}
	}
	return nil
}

// follow waits until the BarqCluster is Ready, and tells each change of what it says.
func (d *demo) follow(ctx context.Context) error {
	last := ""
	return wait.For(ctx, "BarqCluster "+name+" to be Ready", func(ctx context.Context) (bool, error) {
		cluster, err := d.cluster(ctx)
		if err != nil {
			return false, err
		}
		ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.ObservedGeneration != cluster.Generation {
			return false, nil
		}
		if says := fmt.Sprintf("%s: %s", cluster.Status.Phase, ready.Message); says != last {
			last = says
			d.progress("%s", says)
		}
		return ready.Status == metav1.ConditionTrue, nil
	})
}

func (d *demo) cluster(ctx context.Context) (*v1alpha1.BarqCluster, error) {
	cluster := &v1alpha1.BarqCluster{}
	return cluster, d.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, cluster)
}

func (d *demo) pod(ctx context.Context) (*corev1.Pod, error) {
	found := &corev1.Pod{}
	return found, d.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: pod}, found)
}

// identity changes when a pod is replaced and when its database is restarted.
func identity(pod *corev1.Pod) string {
	text := string(pod.UID)
	for _, container := range pod.Status.ContainerStatuses {
		text += " " + container.ContainerID
	}
	return text
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}

// awaitSuccessor waits until another pod or container than the given one answers.
func (d *demo) awaitSuccessor(ctx context.Context, before string) error {
	return wait.For(ctx, "pod "+pod+" to answer again", func(ctx context.Context) (bool, error) {
		found, err := d.pod(ctx)
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil && isReady(found) && identity(found) != before, err
	})
}

// remove takes away what run has left: the database first, because its end takes the operator.
func (d *demo) remove(ctx context.Context) error {
	return d.within(ctx, func(ctx context.Context) error {
		owned, err := d.ownsOperator(ctx)
		if apierrors.IsNotFound(err) || err == nil && !owned {
			return nil
		}
		if err != nil {
			return err
		}
		cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		if err := d.removeObject(ctx, cluster, "BarqCluster "+name); err != nil {
			return err
		}
		space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if err := d.removeObject(ctx, space, "namespace "+namespace); err != nil {
			return err
		}
		d.progress("removing the operator")
		return manifests.Remove(ctx, d.root)
	})
}

// removeObject deletes an object and waits until it is gone.
func (d *demo) removeObject(ctx context.Context, object client.Object, words string) error {
	d.progress("removing %s", words)
	return wait.For(ctx, words+" to go", func(ctx context.Context) (bool, error) {
		err := d.client.Delete(ctx, object)
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			return true, nil
		}
		time.Sleep(time.Second)
		return false, client.IgnoreNotFound(err)
	})
}
