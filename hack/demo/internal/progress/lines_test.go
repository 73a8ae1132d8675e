package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func TestOneLineForEachChange(t *testing.T) {
	now := time.Unix(0, 0)
	out := &strings.Builder{}
	lines := newLines(out, []client.ObjectKey{{Namespace: "team", Name: "db"}, {Namespace: "team", Name: "vectors"}},
		func() time.Time { return now })
	show := func(cluster *v1alpha1.BarqCluster) {
		now = now.Add(700 * time.Millisecond)
		lines.Show(cluster)
	}
	db := vectors(v1alpha1.PhaseReady, 3, 3, "3 of 3 pods answer")
	db.Name = "db"

	show(vectors("", 0, 0, ""))
	show(vectors(v1alpha1.PhaseProgressing, 3, 0, "0 of 3 pods answer"))
	unshown := vectors(v1alpha1.PhaseProgressing, 3, 0, "0 of 3 pods answer")
	unshown.Status.UpdatedReplicas = 3
	show(unshown)
	show(db)
	show(vectors(v1alpha1.PhaseProgressing, 3, 1, "1 of 3 pods answer"))
	show(db)
	show(vectors(v1alpha1.PhaseProgressing, 3, 0, "0 of 3 pods answer"))
	require.Equal(t, strings.Join([]string{
		"   0.7 s  vectors  -            0/3  the operator has not reported yet",
		"   1.4 s  vectors  Progressing  0/3  0 of 3 pods answer",
		"   2.8 s  db       Ready        3/3  3 of 3 pods answer",
		"   3.5 s  vectors  Progressing  1/3  1 of 3 pods answer",
		"   4.9 s  vectors  Progressing  0/3  0 of 3 pods answer",
		"",
	}, "\n"), out.String())
}
