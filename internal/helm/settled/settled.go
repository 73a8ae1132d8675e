package settled

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/types"

	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// Releases remembers a release of each BarqCluster. It holds about 5 KiB for each, most of it the manifest.
type Releases struct {
	lock  sync.Mutex
	known map[types.UID]Release
}

// Release is a release with which a reconcile has nothing to do.
type Release struct {
	// Stored is the state of the release storage that the release was read from.
	Stored string
	// Inputs is a digest of what the manifest is rendered from, except for the chart, which never changes while the
	// operator runs.
	Inputs [sha256.Size]byte
	// Release has at least the parts of a release that a reconcile with nothing to do reads.
	Release *release.Release
	// Objects are the versions in which the objects of the release matched the manifest.
	Objects owned.Versions
}

// New returns releases that remember nothing yet.
func New() *Releases {
	return &Releases{known: map[types.UID]Release{}}
}

// Get returns what is remembered for the given state of the storage, or nil.
func (s *Releases) Get(cluster types.UID, stored string) *Release {
	s.lock.Lock()
	defer s.lock.Unlock()
	if one, ok := s.known[cluster]; ok && one.Stored == stored {
		return &one
	}
	return nil
}

// Put remembers a release.
func (s *Releases) Put(cluster types.UID, settled Release) {
	settled.Release = essence(settled.Release)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.known[cluster] = settled
}

// Delete forgets a release.
func (s *Releases) Delete(cluster types.UID) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.known, cluster)
}

// essence returns a copy of what a reconcile with nothing to do reads.
func essence(found *release.Release) *release.Release {
	return &release.Release{
		Name:      found.Name,
		Namespace: found.Namespace,
		Version:   found.Version,
		Manifest:  found.Manifest,
		Labels:    found.Labels,
		Info:      &release.Info{Status: found.Info.Status, LastDeployed: found.Info.LastDeployed},
		Chart:     &chart.Chart{Metadata: found.Chart.Metadata},
	}
}

// InputsOf returns a digest of what a manifest is rendered from. server is the digest of the API server's capabilities.
func InputsOf(values map[string]any, server [sha256.Size]byte) ([sha256.Size]byte, error) {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(values); err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("summing up chart values: %w", err)
	}
	_, _ = sum.Write(server[:])
	return [sha256.Size]byte(sum.Sum(nil)), nil
}
