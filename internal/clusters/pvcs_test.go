package clusters_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/ownership"
)

func TestPVCs(t *testing.T) {
	store := storeOf(t)
	for _, name := range []string{
		"data-vectors-10", "data-vectors-2", "data-vectors-0",
		"data-vectors-copy-0", "data-vectors-02", "data-vectors--1", "data-vectors-", "backup-vectors-1", "data-vectors-99999999999",
	} {
		labels := map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": "vectors"}
		require.NoError(t, store.Create(t.Context(), &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, Labels: labels},
		}))
	}
	require.NoError(t, store.Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "data-vectors-1"},
	}), "without the labels")

	pvcs, err := clusters.PVCs(t.Context(), store, ownership.Of, vectors())
	require.NoError(t, err)
	type found struct {
		name, pod string
		ordinal   int32
	}
	var got []found
	for _, pvc := range pvcs {
		got = append(got, found{pvc.Name, pvc.Pod, pvc.Ordinal})
	}
	require.Equal(t, []found{{"data-vectors-0", "vectors-0", 0}, {"data-vectors-2", "vectors-2", 2}, {"data-vectors-10", "vectors-10", 10}}, got)
}
