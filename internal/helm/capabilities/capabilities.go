package capabilities

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/utils/clock"
)

// age is how long the cache trusts the API server's version and kinds. Charts see an upgrade of Kubernetes or a new CRD
// within that time.
const age = 5 * time.Minute

// Cache remembers the API server's version and kinds. It asks for them every few minutes. Helm would ask on every
// reconcile, because it empties its own cache first.
type Cache struct {
	// Clock decides when the cache asks again.
	Clock clock.PassiveClock

	lock         sync.Mutex
	capabilities *chartutil.Capabilities
	sum          [sha256.Size]byte
	read         time.Time
}

// Fill puts what is remembered into Helm's configuration.
func (r *Cache) Fill(config *action.Configuration) (err error) {
	if config.Capabilities, err = r.current(config); err != nil {
		return fmt.Errorf("asking the API server for its version and kinds: %w", err)
	}
	return nil
}

// Has reports whether the API server has an API, by the name that charts use. known is false while nothing is
// remembered.
func (r *Cache) Has(api string) (has, known bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.capabilities == nil {
		return false, false
	}
	return r.capabilities.APIVersions.Has(api), true
}

// Known returns the sum of what is remembered. believed is false when the cache has to ask again.
func (r *Cache) Known() (sum [sha256.Size]byte, believed bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.sum, !r.expired()
}

func (r *Cache) expired() bool {
	return r.capabilities == nil || r.Clock.Since(r.read) > age
}

func (r *Cache) current(config *action.Configuration) (*chartutil.Capabilities, error) {
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

// Sum returns a digest of what a chart can ask of the API server's capabilities. There are hundreds of kinds: a
// reconcile with nothing to do would spend more time on them than on its values.
func Sum(capabilities *chartutil.Capabilities) [sha256.Size]byte {
	if capabilities == nil {
		return [sha256.Size]byte{}
	}
	kinds := slices.Sorted(slices.Values(capabilities.APIVersions))
	return sha256.Sum256([]byte(capabilities.KubeVersion.Version + "\n" + strings.Join(kinds, "\n")))
}
