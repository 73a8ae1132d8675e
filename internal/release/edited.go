package release

import (
	"fmt"

	"helm.sh/helm/v3/pkg/release"

	"github.com/barq-db/barq-operator/internal/rollout"
)

// goesAhead prepares the upgrade that an edit asks for, if all is known of the release, and tells whether it did. Then neither is
// it rendered to see whether there is something to upgrade, nor are the stored revisions read, and the upgrade makes a revision
// even if the other values give the same objects, as Helm does for a person. Somebody waits for an edit; what nobody has
// asked for has to be rendered first to know whether it must wait (see pace).
func (a *actions) goesAhead() (bool, error) {
	known := a.known
	if known == nil || known.rest == nil || known.release.Info.Status != release.StatusDeployed ||
		known.release.Labels[rollout.Label] == rollout.Unrequested || !a.asked.edited(known.release) {
		return false, nil
	}
	if _, _, refused := a.getter.refused.find(a.cluster.GetUID(), a.inputs); refused {
		// Whether it would be refused again depends on what is rendered.
		return false, nil
	}
	whole, err := known.whole(a.getter.chart)
	if err != nil {
		return false, err
	}
	revisions, unreadable := revisionsBefore(whole, a.stored)
	if unreadable == nil {
		if err := a.opened(); err != nil {
			return false, err
		}
		storageOf(a.Config().Releases).knows(append(revisions, whole))
		a.plan = plan{rollout: rollout.Requested}
	}
	// What somebody has named like a revision is not in the way of an edit: Helm finds revisions by their labels.
	return unreadable == nil, nil
}

// revisionsBefore stand for those that are stored beside the newest one, which is deployed. They are only counted, and
// the oldest are removed.
func revisionsBefore(newest *release.Release, stored storedVersions) ([]*release.Release, error) {
	var before []*release.Release
	for name := range stored {
		version := revisionOf(name)
		if version == 0 {
			return nil, fmt.Errorf("the Secret %s is named like one with a revision of Helm release %q", name, newest.Name)
		}
		if version != newest.Version {
			before = append(before, &release.Release{
				Name: newest.Name, Namespace: newest.Namespace, Version: version, Info: &release.Info{Status: release.StatusSuperseded},
			})
		}
	}
	return before, nil
}
