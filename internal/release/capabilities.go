package release

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// capabilitiesAge is how long the API server's version and kinds are believed.
// An upgrade of Kubernetes or a new CRD reaches the charts within it.
const capabilitiesAge = 5 * time.Minute

// rememberedCapabilities asks the API server for its version and kinds once in a
// while instead of on every pass, where Helm empties its own cache first.
type rememberedCapabilities struct {
	helmclient.ActionConfigGetter
	clock clock.PassiveClock

	lock         sync.Mutex
	capabilities *chartutil.Capabilities
	sum          [sha256.Size]byte
	read         time.Time
}

// ActionConfigFor gives Helm's configuration for one BarqCluster.
func (r *rememberedCapabilities) ActionConfigFor(ctx context.Context, object client.Object) (*action.Configuration, error) {
	config, err := r.ActionConfigGetter.ActionConfigFor(ctx, object)
	if err != nil {
		return nil, err
	}
	config.Capabilities, err = r.current(config)
	if err != nil {
		return nil, fmt.Errorf("asking the API server for its version and kinds: %w", err)
	}
	return config, nil
}

// openShift is the API by which the chart knows OpenShift, which assigns a user and groups to the pods of each namespace. It is
// listed while the server behind it does not answer, too.
const openShift = "security.openshift.io/v1"

// has reports whether the API server has an API, as charts name it, and whether anything is known.
func (r *rememberedCapabilities) has(api string) (has, known bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.capabilities == nil {
		return false, false
	}
	return r.capabilities.APIVersions.Has(api), true
}

// known gives the sum of what is remembered, while it is believed.
func (r *rememberedCapabilities) known() (sum [sha256.Size]byte, believed bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.sum, !r.expired()
}

func (r *rememberedCapabilities) expired() bool {
	return r.capabilities == nil || r.clock.Since(r.read) > capabilitiesAge
}

func (r *rememberedCapabilities) current(config *action.Configuration) (*chartutil.Capabilities, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.expired() {
		discovery, err := config.RESTClientGetter.ToDiscoveryClient()
		if err != nil {
			return nil, err
		}
		discovery.Invalidate()
		version, err := discovery.ServerVersion()
		if err != nil {
			return nil, err
		}
		kinds, err := action.GetVersionSet(discovery)
		if err != nil {
			return nil, err
		}
		r.read = r.clock.Now()
		r.capabilities = &chartutil.Capabilities{
			APIVersions: kinds,
			KubeVersion: chartutil.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor},
			HelmVersion: chartutil.DefaultCapabilities.HelmVersion,
		}
		r.sum = sumOf(r.capabilities)
	}
	return r.capabilities.Copy(), nil
}

// sumOf sums up what a chart can ask of the API server's capabilities. There are hundreds of kinds, so that a pass with
// nothing to do would spend more on them than on its values.
func sumOf(capabilities *chartutil.Capabilities) [sha256.Size]byte {
	if capabilities == nil {
		return [sha256.Size]byte{}
	}
	kinds := slices.Sorted(slices.Values(capabilities.APIVersions))
	return sha256.Sum256([]byte(capabilities.KubeVersion.Version + "\n" + strings.Join(kinds, "\n")))
}
