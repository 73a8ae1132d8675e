package bench

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/bench/statistics"
	"github.com/barq-db/barq-operator/test/testbed"
)

const (
	// unrelatedBytes is how much is in each Secret and ConfigMap without an owner.
	unrelatedBytes = 1024
	// unrelatedStarts is how many processes are started before and after they are made. The peaks of two that
	// do the same differ by some MiB, as it comes with the collection of garbage.
	unrelatedStarts = 5
)

// measureUnrelated starts the contender before and after there are many Secrets and ConfigMaps in the
// Kubernetes cluster that are none of its business, each several times.
func (s *session) measureUnrelated(ctx context.Context) error {
	before, err := s.peakOfRestarts(ctx)
	if err != nil {
		return err
	}
	namespace := s.namespace + "-unrelated"
	if err := s.NewNamespace(ctx, namespace); err != nil {
		return err
	}
	content := strings.Repeat("x", unrelatedBytes)
	err = testbed.Each(ctx, s.parameters.Unrelated, func(ctx context.Context, i int) error {
		meta := metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("unrelated-%05d", i)}
		if err := s.Admin.Create(ctx, &corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"key": content}}); err != nil {
			return err
		}
		return s.Admin.Create(ctx, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"key": content}})
	})
	if err != nil {
		return err
	}
	after, err := s.peakOfRestarts(ctx)
	if err != nil {
		return err
	}
	s.record("unrelated/memory/MiB", after-before)
	return s.RemoveNamespace(ctx, namespace)
}

// peakOfRestarts gives the median of what peakOfRestart gives.
func (s *session) peakOfRestarts(ctx context.Context) (float64, error) {
	var peaks []float64
	for range unrelatedStarts {
		peak, err := s.peakOfRestart(ctx)
		if err != nil {
			return 0, err
		}
		peaks = append(peaks, peak)
	}
	return statistics.Quantile(peaks, 0.5), nil
}

// peakOfRestart gives the most memory that a new process takes until it is quiet.
func (s *session) peakOfRestart(ctx context.Context) (float64, error) {
	if _, err := s.restart(ctx); err != nil {
		return 0, err
	}
	if _, err := s.awaitQuiet(ctx); err != nil {
		return 0, err
	}
	memory, err := s.program.memory()
	return mebibytes(memory.Peak), err
}

// countReleases is how many releases Helm has stored.
func (s *session) countReleases(ctx context.Context) (int, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	err := s.Admin.List(ctx, list, client.InNamespace(s.namespace), client.MatchingLabels{"owner": "helm"})
	return len(list.Items), err
}
