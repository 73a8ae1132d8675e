package release

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"sync"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/types"
)

// settledReleases remembers, for each BarqCluster, the release that its last pass
// found nothing to do for. As long as neither the stored release nor what it is
// rendered from changes, the next pass need not ask the API server.
//
// It holds a packed release of less than a KiB or two for each BarqCluster.
type settledReleases struct {
	// manifests and rests pack what differs little between BarqClusters.
	manifests, rests packer
	lock             sync.Mutex
	known            map[types.UID]packedRelease
}

// packedRelease is one whose release has its manifest, and what else is stored of it, beside it.
type packedRelease struct {
	settledRelease
	manifest packedText
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
	objects objectVersions
	// rest is what is stored of the release beside the manifest and the chart; nil if that is not known, or the chart
	// is another than the operator's.
	rest *packedText
}

// whole gives the release, which is of the operator's chart, as it is stored, if its rest is known.
func (s *settledRelease) whole(ours *chart.Chart) (*release.Release, error) {
	content, err := s.rest.unpack()
	if err != nil {
		return nil, fmt.Errorf("unpacking a release: %w", err)
	}
	found := &release.Release{}
	if err := json.Unmarshal(content, found); err != nil {
		return nil, fmt.Errorf("unpacking a release: %w", err)
	}
	found.Manifest, found.Labels = s.release.Manifest, maps.Clone(s.release.Labels)
	found.Chart = ours
	return compact(found), nil
}

// restOf packs what is stored of a release beside the manifest and the chart, which is the same for all; nil if it is not.
func (s *settledReleases) restOf(found *release.Release, ours *chart.Chart) (*packedText, error) {
	if !isOurs(found) || !reflect.DeepEqual(found.Chart.Metadata, ours.Metadata) || !reflect.DeepEqual(found.Chart.Values, ours.Values) {
		return nil, nil
	}
	rest := *found
	rest.Manifest, rest.Chart = "", nil
	content, err := json.Marshal(&rest)
	if err != nil {
		return nil, fmt.Errorf("packing a release: %w", err)
	}
	packed := s.rests.pack(content)
	return &packed, nil
}

func newSettledReleases() *settledReleases {
	return &settledReleases{known: map[types.UID]packedRelease{}}
}

// find gives what is remembered for the given state of the storage, or nil.
func (s *settledReleases) find(cluster types.UID, stored string) (*settledRelease, error) {
	s.lock.Lock()
	one, ok := s.known[cluster]
	s.lock.Unlock()
	if !ok || one.stored != stored {
		return nil, nil
	}
	manifest, err := one.manifest.unpack()
	if err != nil {
		return nil, fmt.Errorf("unpacking the manifest of a release: %w", err)
	}
	found, whole := one.settledRelease, *one.release
	whole.Manifest = string(manifest)
	found.release = &whole
	return &found, nil
}

func (s *settledReleases) remember(cluster types.UID, settled settledRelease) {
	one := packedRelease{settledRelease: settled, manifest: s.manifests.pack([]byte(settled.release.Manifest))}
	one.release = essence(settled.release)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.known[cluster] = one
}

func (s *settledReleases) forget(cluster types.UID) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.known, cluster)
}

// essence copies what a pass with nothing to do looks at, but for the manifest.
func essence(found *release.Release) *release.Release {
	return &release.Release{
		Name:      found.Name,
		Namespace: found.Namespace,
		Version:   found.Version,
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
