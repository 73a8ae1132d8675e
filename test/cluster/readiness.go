package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/test/wait"
)

// waitServing returns when the API server is ready to serve every request.
func waitServing(ctx context.Context, client kubernetes.Interface) error {
	return wait.For(ctx, "the API server to be ready", func(ctx context.Context) (bool, error) {
		// While it starts it refuses connections, and then answers 500.
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	})
}

// proveWorking runs a pod with a PVC and removes both. It takes the
// service account and volume controllers, the scheduler, the nodes and the
// simulated provisioner, so after it a test can rely on all of them.
func proveWorking(ctx context.Context, client kubernetes.Interface) error {
	pods := client.CoreV1().Pods(metav1.NamespaceDefault)
	pvcs := client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault)
	pvc, pod := probe()

	if _, err := pvcs.Create(ctx, pvc, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create the readiness probe's volume claim: %w", err)
	}
	err := wait.For(ctx, "the controllers to make the default service account", func(ctx context.Context) (bool, error) {
		_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		// Admission refuses pods whose service account does not exist yet.
		if apierrors.IsForbidden(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	err = wait.For(ctx, "a pod with a volume to become Ready", func(ctx context.Context) (bool, error) {
		found, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		return err == nil && isReady(found), err
	})
	if err != nil {
		return err
	}
	if err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := pvcs.Delete(ctx, pvc.Name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return wait.For(ctx, "the pod's volume to be removed", func(ctx context.Context) (bool, error) {
		volumes, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		return err == nil && len(volumes.Items) == 0, err
	})
}

func probe() (*corev1.PersistentVolumeClaim, *corev1.Pod) {
	meta := metav1.ObjectMeta{Name: "cluster-readiness-probe"}
	pvc := &corev1.PersistentVolumeClaim{
		ObjectMeta: meta,
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")},
			},
		},
	}
	pod := &corev1.Pod{
		ObjectMeta: meta,
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To[int64](0),
			Containers:                    []corev1.Container{{Name: "probe", Image: "simulated"}},
			Volumes: []corev1.Volume{{
				Name: "volume",
				VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: pvc.Name},
				},
			}},
		},
	}
	return pvc, pod
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
