package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	helmtime "helm.sh/helm/v3/pkg/time"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// markPendingUpgrade leaves a release as an operator that was killed in the
// middle of an upgrade leaves it, a minute ago.
func markPendingUpgrade(t *testing.T, namespace, name string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", adminKubeconfig)
	require.NoError(t, err)
	clients, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	releases := storage.Init(driver.NewSecrets(clients.CoreV1().Secrets(namespace)))
	last, err := releases.Last(name)
	require.NoError(t, err)
	last.Version++
	last.Info.Status = release.StatusPendingUpgrade
	last.Info.LastDeployed = helmtime.Time{Time: time.Now().Add(-time.Minute)}
	require.NoError(t, releases.Create(last))
}
