package chaos

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/testbed"
)

// badClusters puts many BarqClusters that can never work among those that can.
func badClusters() *fault {
	const namespace = "chaos-bad"
	return &fault{
		name: "bad-clusters", inject: byItself,
		does: "Many BarqClusters can never work: nine of ten name a Secret that does not exist, one of ten has a variable that Kubernetes refuses.",
		before: func(ctx context.Context, s *stage) error {
			if err := s.NewNamespace(ctx, namespace); err != nil {
				return err
			}
			began := time.Now()
			err := each(ctx, s.parameters.Bad, func(ctx context.Context, i int) error {
				return s.create(ctx, newBadCluster(namespace, i))
			})
			s.Say("%-18s made %d in %.0f s", s.fault.name, s.parameters.Bad, time.Since(began).Seconds())
			return err
		},
		after: func(ctx context.Context, s *stage) error {
			began := time.Now()
			// One request for all would take longer than the API server lets a request take.
			err := each(ctx, s.parameters.Bad, func(ctx context.Context, i int) error {
				return client.IgnoreNotFound(s.Admin.Delete(ctx, newBadCluster(namespace, i)))
			})
			if err != nil {
				return err
			}
			// Not before all are gone: what is in a namespace that goes is listed again and again by Kubernetes.
			err = s.await(ctx, func(ctx context.Context) (string, error) {
				left := &v1alpha1.BarqClusterList{}
				err := s.Admin.List(ctx, left, client.InNamespace(namespace), client.Limit(1))
				if len(left.Items) > 0 {
					return "BarqClusters that can never work are still there", err
				}
				return "", err
			})
			if err != nil {
				return err
			}
			s.Say("%-18s all are gone %.0f s after they were deleted", s.fault.name, time.Since(began).Seconds())
			return s.RemoveNamespace(ctx, namespace)
		},
	}
}

// newBadCluster is one that the API server takes.
func newBadCluster(namespace string, index int) *v1alpha1.BarqCluster {
	cluster := testbed.NewCluster(namespace, fmt.Sprintf("bad-%05d", index))
	if index%10 == 0 {
		cluster.Spec.Env = []v1alpha1.EnvVar{{Name: "NODE", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.noSuchField"},
		}}}
		return cluster
	}
	cluster.Spec.Tiering = v1alpha1.TieringSpec{Enabled: true, Warm: &v1alpha1.TierSpec{
		Provider: v1alpha1.ProviderS3, Bucket: "warm", CredentialsSecretRef: &v1alpha1.SecretReference{Name: "absent"},
	}}
	return cluster
}
