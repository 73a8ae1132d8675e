package capabilities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery/cached/memory"
	fakediscovery "k8s.io/client-go/discovery/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
)

// configOf returns a configuration of Helm that asks a server.
func configOf(server *fakediscovery.FakeDiscovery) *action.Configuration {
	return &action.Configuration{RESTClientGetter: genericclioptions.NewTestConfigFlags().WithDiscoveryClient(memory.NewMemCacheClient(server))}
}

func TestCapabilitiesAreAskedForOnceInAWhile(t *testing.T) {
	server := &fakediscovery.FakeDiscovery{
		Fake: &clienttesting.Fake{Resources: []*metav1.APIResourceList{{
			GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "statefulsets", Kind: "StatefulSet"}},
		}}},
		FakedServerVersion: &version.Info{GitVersion: "v1.36.3", Major: "1", Minor: "36"},
	}
	clock := clocktesting.NewFakePassiveClock(time.Now())
	remembered := &Cache{Clock: clock}
	kubeVersion := func() string {
		t.Helper()
		config := configOf(server)
		require.NoError(t, remembered.Fill(config))
		require.True(t, config.Capabilities.APIVersions.Has("apps/v1/StatefulSet"))
		return config.Capabilities.KubeVersion.Version
	}

	require.Equal(t, "v1.36.3", kubeVersion())
	asked := len(server.Actions())
	server.FakedServerVersion = &version.Info{GitVersion: "v1.37.0", Major: "1", Minor: "37"}
	require.Equal(t, "v1.36.3", kubeVersion())
	require.Len(t, server.Actions(), asked, "the second pass asks for nothing")

	clock.SetTime(clock.Now().Add(age + time.Second))
	require.Equal(t, "v1.37.0", kubeVersion(), "an upgrade of Kubernetes is seen")
}

// A platform that assigns user and groups is known by a group of its API. That holds also while none of the kinds of
// that group can be listed.
func TestAPlatformThatAssignsUserAndGroups(t *testing.T) {
	server := &fakediscovery.FakeDiscovery{Fake: &clienttesting.Fake{}, FakedServerVersion: &version.Info{GitVersion: "v1.36.3"}}
	clock := clocktesting.NewFakePassiveClock(time.Now())
	remembered := &Cache{Clock: clock}
	_, known := remembered.Has("security.openshift.io/v1")
	require.False(t, known, "nothing was asked yet")
	for _, found := range []bool{false, true} {
		server.Resources = nil
		if found {
			server.Resources = []*metav1.APIResourceList{{GroupVersion: "security.openshift.io/v1"}}
		}
		clock.SetTime(clock.Now().Add(age + time.Second))
		require.NoError(t, remembered.Fill(configOf(server)))
		has, known := remembered.Has("security.openshift.io/v1")
		require.Equal(t, found, has)
		require.True(t, known)
	}
}
