package capabilities

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

// age is how long the API server's version and kinds are believed.
// An upgrade of Kubernetes or a new CRD reaches the charts within it.
const age = 5 * time.Minute

// Getter gives Helm's configuration with capabilities that it remembers. It asks the API server for its version and kinds once in a
// while instead of on every pass, where Helm empties its own cache first.
type Getter struct {
	helmclient.ActionConfigGetter
	// Clock tells when to ask again.
	Clock clock.PassiveClock

	lock         sync.Mutex
	capabilities *chartutil.Capabilities
	sum          [sha256.Size]byte
	read         time.Time
}

// ActionConfigFor gives Helm's configuration for one BarqCluster.
func (r *Getter) ActionConfigFor(ctx context.Context, object client.Object) (*action.Configuration, error) {
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

// Has reports whether the API server has an API, as charts name it, and whether anything is known.
func (r *Getter) Has(api string) (has, known bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.capabilities == nil {
		return false, false
	}
	return r.capabilities.APIVersions.Has(api), true
}

// Known returns the sum of what is remembered, while it is believed.
func (r *Getter) Known() (sum [sha256.Size]byte, believed bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.sum, !r.expired()
}

func (r *Getter) expired() bool {
	return r.capabilities == nil || r.Clock.Since(r.read) > age
}

func (r *Getter) current(config *action.Configuration) (*chartutil.Capabilities, error) {
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
		r.read = r.Clock.Now()
		r.capabilities = &chartutil.Capabilities{
			APIVersions: kinds,
			KubeVersion: chartutil.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor},
			HelmVersion: chartutil.DefaultCapabilities.HelmVersion,
		}
		r.sum = Sum(r.capabilities)
	}
	return r.capabilities.Copy(), nil
}

// Sum sums up what a chart can ask of the API server's capabilities. There are hundreds of kinds, so that a pass with
// nothing to do would spend more on them than on its values.
func Sum(capabilities *chartutil.Capabilities) [sha256.Size]byte {
	if capabilities == nil {
		return [sha256.Size]byte{}
	}
	kinds := slices.Sorted(slices.Values(capabilities.APIVersions))
	return sha256.Sum256([]byte(capabilities.KubeVersion.Version + "\n" + strings.Join(kinds, "\n")))
}
