package chaos

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/testbed"
)

func podName(cluster string, ordinal int) string { return fmt.Sprintf("%s-%d", cluster, ordinal) }

// lifecycle is what most rows do: a number of BarqClusters is installed, changed and deleted.
func (s *stage) lifecycle(count int) []work {
	return []work{
		{"install", func(ctx context.Context) error { return s.install(ctx, count) }, s.unready},
		{"upgrade", func(ctx context.Context) error { return s.upgrade(ctx, count) }, s.unready},
		{"delete", func(ctx context.Context) error { return s.deleteAll(ctx, count) }, s.undeleted},
	}
}

func (s *stage) install(ctx context.Context, count int) error {
	return each(ctx, count, func(ctx context.Context, i int) error {
		if err := s.create(ctx, testbed.NewCluster(s.namespace, testbed.ClusterName(i))); err != nil {
			return err
		}
		s.pods.need(podName(testbed.ClusterName(i), 0))
		return nil
	})
}

// upgrade gives a third of the BarqClusters another pod, a third another log level, which replaces their pod, and the others
// an annotation of their Service, which does not.
func (s *stage) upgrade(ctx context.Context, count int) error {
	return each(ctx, count, func(ctx context.Context, i int) error {
		name := testbed.ClusterName(i)
		patch, pod := `{"spec":{"replicas":2}}`, podName(name, 1)
		switch i % 3 {
		case 1:
			patch, pod = `{"spec":{"logLevel":"debug"}}`, podName(name, 0)
		case 2:
			patch, pod = `{"spec":{"service":{"annotations":{"example.com/changed":"yes"}}}}`, ""
		}
		if err := s.patch(ctx, name, patch); err != nil {
			return err
		}
		if pod != "" {
			s.pods.need(pod)
		}
		return nil
	})
}

func (s *stage) deleteAll(ctx context.Context, count int) error {
	return each(ctx, count, func(ctx context.Context, i int) error {
		return s.delete(ctx, testbed.ClusterName(i))
	})
}

// delete asks for a BarqCluster to be gone. One that is gone was deleted by a request whose answer was lost.
func (s *stage) delete(ctx context.Context, name string) error {
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = s.namespace, name
	err := s.Admin.Delete(ctx, cluster)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// unready names a BarqCluster that is not Ready in its newest generation, and says how many there are.
func (s *stage) unready(ctx context.Context) (string, error) {
	clusters, err := s.clusters(ctx)
	if err != nil {
		return "", err
	}
	count, example := 0, ""
	for i := range clusters {
		if is, condition := isReady(&clusters[i]); !is {
			count++
			example = fmt.Sprintf("%s of generation %d has %+v", clusters[i].Name, clusters[i].Generation, condition)
		}
	}
	if count == 0 {
		return "", nil
	}
	return fmt.Sprintf("%d of %d are not Ready, for example %s", count, len(clusters), example), nil
}

func isReady(cluster *v1alpha1.BarqCluster) (bool, *metav1.Condition) {
	ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == cluster.Generation, ready
}

// undeleted says how many BarqClusters there are still, and makes sure that no pod's volume went with them.
func (s *stage) undeleted(ctx context.Context) (string, error) {
	clusters, err := s.clusters(ctx)
	if err != nil || len(clusters) > 0 {
		return fmt.Sprintf("%d BarqClusters are still there", len(clusters)), err
	}
	pvcs := &metav1.PartialObjectMetadataList{}
	pvcs.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaimList"))
	if err := s.Admin.List(ctx, pvcs, client.InNamespace(s.namespace)); err != nil {
		return "", err
	}
	if kept, made := len(pvcs.Items), s.pods.names(); kept != made {
		return fmt.Sprintf("%d volumes are there, of %d pods that were", kept, made), nil
	}
	return "", nil
}
