package release

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

// settledReleases remembers, for each BarqCluster, the release that its last pass
// found nothing to do for. As long as neither the stored release nor what it is
// rendered from changes, the next pass need not ask the API server.
//
// It holds about 5 KiB for each BarqCluster, most of it the manifest.
type settledReleases struct {
	lock  sync.Mutex
	known map[types.UID]settledRelease
}

type settledRelease struct {
	// stored is the state of the release storage that the release was read from.
	stored string
	// inputs sums up what the manifest is rendered from, beside the chart, which
	// lives as long as the operator does.
	inputs [sha256.Size]byte
	// release has at least the parts of a release that a pass with nothing to do looks at.
	release *release.Release
	// objects are those of the release as they were found to be what the manifest asks for.
	objects owned.Versions
}

func newSettledReleases() *settledReleases {
	return &settledReleases{known: map[types.UID]settledRelease{}}
}

// find gives what is remembered for the given state of the storage, or nil.
func (s *settledReleases) find(cluster types.UID, stored string) *settledRelease {
	s.lock.Lock()
	defer s.lock.Unlock()
	if one, ok := s.known[cluster]; ok && one.stored == stored {
		return &one
	}
	return nil
}

func (s *settledReleases) remember(cluster types.UID, settled settledRelease) {
	settled.release = essence(settled.release)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.known[cluster] = settled
}

func (s *settledReleases) forget(cluster types.UID) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.known, cluster)
}

// essence copies what a pass with nothing to do looks at.
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

// inputsOf sums up what a manifest is rendered from; server is the sum of the API server's capabilities.
func inputsOf(values map[string]any, server [sha256.Size]byte) ([sha256.Size]byte, error) {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(values); err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("summing up chart values: %w", err)
	}
	_, _ = sum.Write(server[:])
	return [sha256.Size]byte(sum.Sum(nil)), nil
}
