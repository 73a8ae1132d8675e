package records

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestOnlyTheNewestRecordIsMissed(t *testing.T) {
	record := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1.vectors." + name}}
	}
	left := Versions{"sh.helm.release.v1.vectors.v9": "1", "sh.helm.release.v1.vectors.v10": "2"}
	require.True(t, isNewest(record("v11"), left))
	require.True(t, isNewest(record("v1"), nil))
	require.False(t, isNewest(record("v9"), left))
	require.False(t, isNewest(record("vX"), left))
}
