package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/demo/internal/record"
)

func TestChoose(t *testing.T) {
	const own directory = "/checkout/.cluster"
	const other = "/home/somebody/kubeconfig"
	started := &record.Record{Kubeconfig: own.clusterKubeconfig(), Started: true, OwnerPID: 7}
	inFound := &record.Record{Kubeconfig: own.clusterKubeconfig()}
	inOther := &record.Record{Kubeconfig: other}
	for name, test := range map[string]struct {
		wanted  string
		owner   int
		earlier *record.Record
		want    choice
		err     string
	}{
		"nothing runs": {
			want: choice{start: true, record: &record.Record{Kubeconfig: own.clusterKubeconfig(), Started: true}},
		},
		"a demo runs": {
			owner: 7, earlier: started, want: choice{record: started},
		},
		"a demo's cluster has ended": {
			earlier: started, want: choice{start: true, record: &record.Record{Kubeconfig: own.clusterKubeconfig(), Started: true}},
		},
		"another cluster took the place of a demo's": {
			owner: 8, earlier: started, want: choice{record: inFound},
		},
		"a demo was killed while it started a cluster": {
			owner:   7,
			earlier: &record.Record{Kubeconfig: own.clusterKubeconfig(), Started: true},
			want:    choice{record: &record.Record{Kubeconfig: own.clusterKubeconfig(), Started: true}},
		},
		"somebody has started the cluster": {
			owner: 7, want: choice{record: inFound},
		},
		"a demo in a cluster that somebody started, which has ended": {
			earlier: inFound, want: choice{start: true, record: &record.Record{Kubeconfig: own.clusterKubeconfig(), Started: true}},
		},
		"a cluster that exists": {
			wanted: other, want: choice{record: inOther},
		},
		"a cluster that exists, again": {
			wanted: other, earlier: inOther, want: choice{record: inOther},
		},
		"a cluster that exists, beside one that somebody started": {
			wanted: other, owner: 7, want: choice{record: inOther},
		},
		"a cluster that exists, while a demo runs": {
			wanted: other, owner: 7, earlier: started,
			err: "a demo is on the cluster of /checkout/.cluster/kubeconfig: end it first with `make demo-down`",
		},
		"a test cluster, while a demo is in a cluster that exists": {
			earlier: inOther,
			err:     "a demo is on the cluster of /home/somebody/kubeconfig: end it first with `make demo-down`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := choose(own, test.wanted, test.owner, test.earlier)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, chosen)
		})
	}
}
