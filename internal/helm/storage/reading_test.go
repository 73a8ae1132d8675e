package storage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/barq-db/barq-operator/internal/helm/labels"
	"github.com/barq-db/barq-operator/test/forgery"
)

// change edits a stored record by hand.
func (s *storing) change(name string, change func(*corev1.Secret)) *corev1.Secret {
	s.t.Helper()
	secrets := s.server.CoreV1().Secrets("team")
	stored, err := secrets.Get(s.t.Context(), name, metav1.GetOptions{})
	require.NoError(s.t, err)
	change(stored)
	changed, err := secrets.Update(s.t.Context(), stored, metav1.UpdateOptions{})
	require.NoError(s.t, err)
	s.pass()
	return changed
}

const (
	// recordLimit is the most bytes to which an unsigned record may unpack.
	recordLimit = 2 << 20
	// tooLarge is why a record is not read that unpacks to more.
	tooLarge = "it unpacks to more than a release of this chart has"
)

// packed returns the form in which Helm stores a record.
func packed(t *testing.T, record any) []byte {
	t.Helper()
	content, err := json.Marshal(record)
	require.NoError(t, err)
	stored, err := forgery.Pack(content)
	require.NoError(t, err)
	return stored
}

const second = "sh.helm.release.v1.vectors.v2"

// twoRevisions returns a storage with a superseded revision and a deployed one.
func twoRevisions(t *testing.T) *storing {
	t.Helper()
	s := newStoring(t)
	require.NoError(t, s.storage.Create(numbered(1, release.StatusSuperseded, labels.Requested)))
	require.NoError(t, s.storage.Create(numbered(2, release.StatusDeployed, labels.Requested)))
	s.pass()
	return s
}

func TestWhatTheOperatorHasStoredIsBelieved(t *testing.T) {
	s := twoRevisions(t)
	require.True(t, labels.Believed(s.last()))
	require.Equal(t, "manifest", s.last().Manifest)
	require.Equal(t, labels.Requested, s.last().Labels[labels.Rollout])
}

// No field of a record that a tenant has written has an effect.
func TestAForgedRecordIsANumber(t *testing.T) {
	for name, forge := range map[string]func(*release.Release){
		"as it was":  func(*release.Release) {},
		"a manifest": func(r *release.Release) { r.Manifest = "kind: Secret" },
		"hooks": func(r *release.Release) {
			r.Hooks = []*release.Hook{{Name: "h", Manifest: "kind: Pod", Events: []release.HookEvent{release.HookPreDelete}}}
		},
		"another name":      func(r *release.Release) { r.Name = "other" },
		"another namespace": func(r *release.Release) { r.Namespace = "kube-system" },
		"another number":    func(r *release.Release) { r.Version = 99 },
		"another state":     func(r *release.Release) { r.Info.Status = release.StatusPendingUpgrade },
		"values":            func(r *release.Release) { r.Config = map[string]any{"secretsChecksum": "one"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := twoRevisions(t)
			forged := numbered(2, release.StatusDeployed, labels.Unrequested)
			forge(forged)
			content := packed(t, forged)
			s.change(second, func(stored *corev1.Secret) {
				stored.Data["release"], stored.Labels[labels.Rollout] = content, labels.Unrequested
			})
			found := s.last()
			require.Equal(t, &release.Release{
				Name: "vectors", Namespace: "team", Version: 2, Info: &release.Info{Status: release.StatusDeployed},
				Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}, Labels: map[string]string{labels.ManagedBy: labels.Operator},
			}, found)
			require.False(t, labels.Believed(found))

			// A person who uses helm sees that the revision is superseded, and nothing of it is signed.
			found.SetStatus(release.StatusSuperseded, "over")
			require.NoError(t, s.storage.Update(found))
			stored, err := s.server.CoreV1().Secrets("team").Get(t.Context(), second, metav1.GetOptions{})
			require.NoError(t, err)
			require.Empty(t, stored.Annotations)
			require.Equal(t, "superseded", stored.Labels["status"])
			read, err := driver.NewSecrets(s.server.CoreV1().Secrets("team")).Get(second)
			require.NoError(t, err)
			require.Equal(t, release.StatusSuperseded, read.Info.Status)
			require.Equal(t, forged.Manifest, read.Manifest)
		})
	}
}

func TestASecretInTheWayOfTheNextRevisionIsReplaced(t *testing.T) {
	s := twoRevisions(t)
	s.change(second, func(stored *corev1.Secret) { stored.Labels["name"] = "other" })
	require.NoError(t, s.storage.Create(numbered(2, release.StatusDeployed, labels.Requested)))
	s.pass()
	require.True(t, labels.Believed(s.last()))
	require.Equal(t, 2, s.last().Version)
	require.ErrorIs(t, s.storage.Create(numbered(2, release.StatusDeployed, labels.Requested)), driver.ErrReleaseExists, "its own is not replaced")
}

// A tenant can also remove the operator's mark. The objects tell who owns the release.
func TestTheObjectsTellWhoseAReleaseIs(t *testing.T) {
	s := twoRevisions(t)
	s.change(second, func(stored *corev1.Secret) { stored.Labels[labels.ManagedBy] = "a person" })
	require.False(t, labels.IsOurs(s.last()))
	s.facts.TakenOver = true
	s.pass()
	require.True(t, labels.IsOurs(s.last()))
	require.False(t, labels.Believed(s.last()))
}

// A tenant can copy a record of a former BarqCluster, or of another one.
func TestARecordIsOfOneBarqCluster(t *testing.T) {
	s := twoRevisions(t)
	s.change(second, func(stored *corev1.Secret) { testKey.Sign(stored, "uid of another") })
	require.False(t, labels.Believed(s.last()))
	s.change(second, func(stored *corev1.Secret) { testKey.Sign(stored, testCluster().GetUID()) })
	require.True(t, labels.Believed(s.last()))
}

// A record that cannot be read is removed if it carries the operator's mark, because it breaks `helm list`. A person's
// record is left.
func TestADamagedRecord(t *testing.T) {
	for name, content := range map[string]string{
		"nothing": "", "no record": "record", "half a record": "H4sIAAAAAAAA/wE", "an empty record": "e30=",
	} {
		for _, origin := range []string{labels.Operator, "a person"} {
			t.Run(name+" of "+origin, func(t *testing.T) {
				s := twoRevisions(t)
				before := s.change(second, func(stored *corev1.Secret) {
					stored.Data["release"], stored.Labels[labels.ManagedBy] = []byte(content), origin
				})
				secrets := s.server.CoreV1().Secrets("team")
				if origin == labels.Operator {
					require.Equal(t, 1, s.last().Version, "the one before is left to go on from")
					_, err := secrets.Get(t.Context(), second, metav1.GetOptions{})
					require.True(t, apierrors.IsNotFound(err), "the name is free again")
					require.Equal(t, map[string]string{second: ""}, Of(s.storage).secrets.versions)
					return
				}
				_, err := s.storage.Last("vectors")
				require.ErrorContains(t, err, "the Secret "+second+", in which Helm stores a revision of a release, is damaged: it ")
				after, err := secrets.Get(t.Context(), second, metav1.GetOptions{})
				require.NoError(t, err)
				require.Equal(t, before, after)
			})
		}
	}
}

// A record that unpacks to more than any release has counts only as a number: a tenant may write hundreds.
func TestARecordThatUnpacksToMuchIsANumber(t *testing.T) {
	bomb := packed(t, strings.Repeat("a", recordLimit+1))
	s := twoRevisions(t)
	s.change(second, func(stored *corev1.Secret) { stored.Data["release"] = bomb })
	require.Equal(t, 2, s.last().Version)
	require.True(t, labels.IsOurs(s.last()))
	require.False(t, labels.Believed(s.last()))
	s.change(second, func(stored *corev1.Secret) { stored.Labels[labels.ManagedBy] = "a person" })
	_, err := s.storage.Last("vectors")
	require.ErrorContains(t, err, tooLarge)
}

// The storage reads few records, however many exist.
func TestFewRecordsAreRead(t *testing.T) {
	s := newStoring(t)
	for version := range 40 {
		require.NoError(t, s.storage.Create(numbered(version+1, release.StatusFailed, labels.Requested)))
	}
	s.pass()
	require.Equal(t, 40, s.last().Version)
	require.Len(t, s.asked(), readLimit, "none of them is deployed")
	History, err := s.storage.History("vectors")
	require.NoError(t, err)
	require.Len(t, History, listLimit)
	require.Equal(t, 1, History[len(History)-1].Version, "the oldest are still removed")

	for version := range 40 {
		s.change(forgery.SecretName("vectors", int64(version+1)), func(stored *corev1.Secret) { stored.Labels["owner"] = "none" })
	}
	s.asked()
	_, err = s.storage.Last("vectors")
	require.EqualError(t, err, `the newest 6 Secrets that are named like revisions of Helm release "vectors" store none; restore it, or delete it`)
	require.Len(t, s.asked(), readLimit)
}

// A tenant may write thousands of records. Each reconcile removes some of them.
func TestManyRecordsAreRemovedInParts(t *testing.T) {
	s := newStoring(t)
	for version := range deleteLimit + 20 {
		require.NoError(t, s.storage.Create(numbered(version+1, release.StatusSuperseded, labels.Requested)))
	}
	damaged := 2*readLimit - 1
	for i := range damaged {
		s.change(forgery.SecretName("vectors", int64(deleteLimit+20-i)), func(stored *corev1.Secret) { stored.Data["release"] = nil })
	}
	_, err := s.storage.Last("vectors")
	require.ErrorIs(t, err, ErrUnfinished)
	s.pass()
	require.Equal(t, deleteLimit+20-damaged, s.last().Version)

	require.ErrorIs(t, Of(s.storage).DeleteAll(), ErrUnfinished)
	s.pass()
	require.NoError(t, Of(s.storage).DeleteAll())
	s.pass()
	_, err = s.storage.Last("vectors")
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)
}

func TestTogetherTheyUnpackToLittle(t *testing.T) {
	s := newStoring(t)
	content := packed(t, map[string]any{
		"info": map[string]any{"status": "failed", "notes": strings.Repeat("a", recordLimit-200)}, "chart": map[string]any{"metadata": map[string]any{"name": "barq-db"}},
	})
	for version := range readLimit {
		require.NoError(t, s.storage.Create(numbered(version+1, release.StatusFailed, labels.Requested)))
	}
	for version := range readLimit {
		s.change(forgery.SecretName("vectors", int64(version+1)), func(stored *corev1.Secret) {
			stored.Data["release"], stored.Labels = content, labelsOfAPerson(version+1)
		})
	}
	_, err := s.storage.Last("vectors")
	require.ErrorContains(t, err, tooLarge)
}

func labelsOfAPerson(version int) map[string]string {
	return map[string]string{"owner": "helm", "name": "vectors", "version": fmt.Sprint(version), "status": "failed"}
}
