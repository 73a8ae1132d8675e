package kubeclient

import (
	"maps"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// Facts are what the client of one reconcile and its users have to know of each other.
type Facts struct {
	// Conflicted: an object exists that the cache does not show.
	Conflicted bool
	// Cause is why pods restart, for the StatefulSet that is applied; empty if they do not.
	Cause clusters.Cause
	// made has the versions of the objects that the API server has created as they were sent.
	made owned.Versions
	// changed: the reconcile has written existing objects, or the API server has created one of them differently.
	changed bool
}

// noteMade adds the versions of created objects. nil means that the API server has created one of them differently.
func (f *Facts) noteMade(versions owned.Versions) {
	f.changed = f.changed || versions == nil
	if f.made == nil {
		f.made = owned.Versions{}
	}
	maps.Copy(f.made, versions)
}

// AllMade returns the versions of all objects of the release. It returns nil unless this reconcile has created them all
// as they were sent.
func (f *Facts) AllMade() owned.Versions {
	if f.changed {
		return nil
	}
	return f.made
}
