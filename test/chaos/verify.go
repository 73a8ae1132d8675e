package chaos

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// verification is what was found to be wrong.
type verification struct{ problems []string }

func (v *verification) add(format string, arguments ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, arguments...))
}

// verify looks at all that must hold whatever has happened, and counts it into the phase.
func (s *stage) verify(ctx context.Context, phase *Phase) (*verification, error) {
	found := &verification{}
	clusters, err := s.clusters(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.verifyReleases(ctx, clusters, phase, found); err != nil {
		return nil, err
	}
	differences, err := s.renderer.Compare(ctx, s.namespace, clusters)
	if err != nil {
		return nil, err
	}
	phase.Objects = differences.Count()
	found.problems = slices.Concat(found.problems, differences.Missing, differences.Orphaned, differences.Changed)

	needless := s.pods.needless()
	phase.Restarts = len(needless)
	for _, name := range needless {
		found.add("pod %s was made once more than needed", name)
	}
	return found, nil
}

// verifyReleases makes sure that each BarqCluster has one release, that its newest revision is deployed and none of the others
// is under way, and that there is no other release.
func (s *stage) verifyReleases(ctx context.Context, clusters []v1alpha1.BarqCluster, phase *Phase, found *verification) error {
	stored, err := s.releases(ctx)
	if err != nil {
		return err
	}
	phase.UnderWay, phase.Revisions = 0, 0
	for i := range clusters {
		name := clusters[i].Name
		revisions := stored[name]
		delete(stored, name)
		newest := 0
		for revision := range revisions {
			newest = max(newest, revision)
		}
		phase.Revisions = max(phase.Revisions, newest)
		for revision, status := range revisions {
			// What was refused stays in the history as failed, which is over as well.
			over := status == "superseded" || status == "failed"
			if revision == newest {
				over = status == "deployed"
			}
			if !over {
				phase.UnderWay++
				found.add("revision %d of %s, of which the newest is %d, is %s", revision, name, newest, status)
			}
		}
		if newest == 0 {
			phase.UnderWay++
			found.add("%s has no release", name)
		}
	}
	for name := range stored {
		found.add("there is a release of %s, and no such BarqCluster", name)
	}
	return nil
}

// releases gives the status of each stored revision, by name and number.
func (s *stage) releases(ctx context.Context) (map[string]map[int]string, error) {
	list, err := s.releaseSecrets(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]map[int]string{}
	for _, secret := range list {
		name := secret.Labels["name"]
		revision, err := strconv.Atoi(secret.Labels["version"])
		if err != nil {
			return nil, fmt.Errorf("the revision of Secret %s: %w", secret.Name, err)
		}
		if found[name] == nil {
			found[name] = map[int]string{}
		}
		found[name][revision] = secret.Labels["status"]
	}
	return found, nil
}

// releaseSecrets are the Secrets that Helm stores releases in, without their contents.
func (s *stage) releaseSecrets(ctx context.Context) ([]metav1.PartialObjectMetadata, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	err := s.Admin.List(ctx, list, client.InNamespace(s.namespace), client.MatchingLabels{"owner": "helm"})
	return list.Items, err
}
