package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/test/wait"
)

// proveWorking returns when the node takes pods and the storage driver is known to
// its kubelet.
func (n *Node) proveWorking(ctx context.Context) error {
	client, err := n.client()
	if err != nil {
		return err
	}
	err = wait.For(ctx, "the node to be Ready", func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			// The kubelet has not registered it yet.
			return false, nil
		}
		if err != nil {
			return false, err
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue && len(found.Spec.Taints) == 0, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	return wait.For(ctx, "the kubelet to know the storage driver", func(ctx context.Context) (bool, error) {
		found, err := client.StorageV1().CSINodes().Get(ctx, name, metav1.GetOptions{})
		return err == nil && len(found.Spec.Drivers) == 1, nil
	})
}
