package kubeclient

import (
	"maps"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// Facts are what the client of one reconcile and those who use it have to know of each other.
type Facts struct {
	// Conflicted: an object that was not there according to the cache is there.
	Conflicted bool
	// Cause is why pods restart, for the StatefulSet that is applied; nothing if they do not.
	Cause clusters.Cause
	// made are the versions of the objects that were made as they were asked for.
	made owned.Versions
	// changed: objects are not only made, or one of them was made otherwise.
	changed bool
}

// noteMade adds to what was made; nothing means that something was made otherwise than asked for.
func (f *Facts) noteMade(versions owned.Versions) {
	f.changed = f.changed || versions == nil
	if f.made == nil {
		f.made = owned.Versions{}
	}
	maps.Copy(f.made, versions)
}

// AllMade gives the versions of all objects of the release if this pass has made them, and as they were asked for.
func (f *Facts) AllMade() owned.Versions {
	if f.changed {
		return nil
	}
	return f.made
}
