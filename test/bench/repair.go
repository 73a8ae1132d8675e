package bench

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/testbed"
)

// measureDrift deletes the Service of one cluster after the other, each when the one before is back.
func (s *session) measureDrift(ctx context.Context) error {
	var latencies []float64
	for i := range s.parameters.Repairs {
		name := testbed.ClusterName(i % s.clusters)
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}
		if err := s.Admin.Get(ctx, client.ObjectKeyFromObject(service), service); err != nil {
			return err
		}
		deleted := service.UID
		began := time.Now()
		if err := s.Admin.Delete(ctx, service); err != nil {
			return err
		}
		back, err := s.seen.await(ctx, "Service "+name+" to be back", func(o *observer) bool {
			return o.services[name] != nil && o.services[name].UID != deleted
		})
		if err != nil {
			return err
		}
		latencies = append(latencies, back.Sub(began).Seconds())
	}
	s.recordLatencies("drift", latencies)
	_, err := s.awaitQuiet(ctx)
	return err
}

// measureRotation changes a Secret to which a further cluster refers, again and again, each time until the pods' template has
// changed.
func (s *session) measureRotation(ctx context.Context) error {
	const name = "rotated"
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		StringData: map[string]string{"token": "0"},
	}
	if err := s.Admin.Create(ctx, secret); err != nil {
		return err
	}
	cluster := testbed.NewCluster(s.namespace, name)
	cluster.Spec.Env = []v1alpha1.EnvVar{{Name: "TOKEN", ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: "token"},
	}}}
	if err := s.Admin.Create(ctx, cluster); err != nil {
		return err
	}
	if _, err := s.seen.await(ctx, "the cluster with a Secret to be Ready", func(o *observer) bool { return o.allReady(s.clusters + 1) }); err != nil {
		return err
	}
	if _, err := s.awaitQuiet(ctx); err != nil {
		return err
	}

	var latencies []float64
	for i := range s.parameters.Repairs {
		generation := s.seen.generation(name)
		began := time.Now()
		secret.StringData = map[string]string{"token": fmt.Sprint(i + 1)}
		if err := s.Admin.Update(ctx, secret); err != nil {
			return err
		}
		changed, err := s.seen.await(ctx, "the template of the pods to change", func(o *observer) bool {
			return o.sets[name].Generation > generation
		})
		if err != nil {
			return err
		}
		latencies = append(latencies, changed.Sub(began).Seconds())
	}
	s.recordLatencies("rotate", latencies)

	if err := s.Admin.Delete(ctx, cluster); err != nil {
		return err
	}
	if _, err := s.seen.await(ctx, "the cluster with a Secret to be gone", func(o *observer) bool { return o.sets[name] == nil }); err != nil {
		return err
	}
	_, err := s.awaitQuiet(ctx)
	return err
}
