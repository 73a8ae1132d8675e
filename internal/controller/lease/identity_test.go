package lease

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperatorName(t *testing.T) {
	name, err := OperatorName("barq-system", "barq-operator.barq.db")
	require.NoError(t, err)
	require.Equal(t, "barq-system/barq-operator.barq.db", name)

	if _, err := os.Stat(namespaceFile); err == nil {
		t.Skip("this runs in a pod, which has a namespace")
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	name, err = OperatorName("", "barq-operator.barq.db")
	require.NoError(t, err)
	require.Equal(t, host+"/barq-operator.barq.db", name)
}
