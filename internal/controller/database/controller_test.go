package database

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/internal/database"
)

var now = time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)

func newReconciler(t *testing.T, clock *clocktesting.FakePassiveClock, seed byte, objects ...client.Object) *Reconciler {
	t.Helper()
	authority, err := agentcert.New(bytes.Repeat([]byte{seed}, agentcert.SeedSize))
	require.NoError(t, err)
	store := fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(objects...).Build()
	return &Reconciler{Client: store, Live: store, Authority: authority, Clock: clock}
}

func secretOf(t *testing.T, r *Reconciler) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{}
	require.NoError(t, r.Client.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "vectors-barq-agent"}, secret))
	return secret
}

func TestCertificatesAreRenewed(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(now)
	r := newReconciler(t, clock, 1)
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors", UID: "uid"}}
	certify := func() *corev1.Secret {
		t.Helper()
		require.NoError(t, r.certify(t.Context(), cluster))
		return secretOf(t, r)
	}
	first := certify()
	require.True(t, metav1.IsControlledBy(first, cluster))
	require.Equal(t, first, certify(), "nothing is written")
	clock.SetTime(now.AddDate(0, 7, 0))
	require.Equal(t, first, certify())

	clock.SetTime(now.AddDate(0, 9, 0))
	renewed := certify()
	require.NotEqual(t, first.Data[corev1.TLSCertKey], renewed.Data[corev1.TLSCertKey])
	require.Equal(t, first.Data["ca.crt"], renewed.Data["ca.crt"])

	cluster.Spec.InheritedMetadata = &v1alpha1.InheritedMetadata{
		Labels: v1alpha1.Labels{"team": "search"}, Annotations: v1alpha1.Annotations{"example.com/owner": "search"},
	}
	require.Equal(t, "search", certify().Labels["team"])
	require.Equal(t, "search", certify().Annotations["example.com/owner"])

	r.Authority = newReconciler(t, clock, 2).Authority
	require.NotEqual(t, renewed.Data["ca.crt"], certify().Data["ca.crt"], "another operator has another authority")
}

func TestASecretOfAnotherStays(t *testing.T) {
	other := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors-barq-agent"}, Data: map[string][]byte{"a": []byte("b")},
	}
	r := newReconciler(t, clocktesting.NewFakePassiveClock(now), 1, other)
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors", UID: "uid"}}
	err := r.certify(t.Context(), cluster)
	require.ErrorIs(t, err, errTaken)
	require.True(t, isRefusal(err))
	require.Equal(t, other.Data, secretOf(t, r).Data)
}

func TestWhatIsRememberedOfSilentAgents(t *testing.T) {
	pods := []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{UID: "a"}}, {ObjectMeta: metav1.ObjectMeta{UID: "b"}}}
	at := func(passed time.Duration, said *agentapi.Status) database.Observation {
		return database.Observation{Now: now.Add(passed), Agents: []database.Agent{{Said: &agentapi.Status{}}, {Said: said}}}
	}
	first := at(0, nil)
	known := memory{}.after(first, pods)
	require.Equal(t, memory{first: now, last: now, silent: map[types.UID]time.Time{"b": now}}, known)
	require.Equal(t, now, first.Agents[1].Since)

	later := at(time.Minute, nil)
	known = known.after(later, pods)
	require.Equal(t, now, later.Agents[1].Since, "it has been silent since then")
	require.Zero(t, known.failures, "it may be starting")
	for i := range 3 {
		known = known.after(at(patience+time.Duration(i)*time.Minute, nil), pods)
		require.Equal(t, i+1, known.failures, "it is asked less and less often")
	}
	known = known.after(at(10*time.Minute, &agentapi.Status{}), pods)
	require.Equal(t, memory{first: now, last: now.Add(10 * time.Minute)}, known)
}

// A start asks all agents at once. Later no second has many more questions than another.
func TestQuestionsAreSpreadAfterAStart(t *testing.T) {
	const agents = 1000
	seconds := map[time.Duration]int{}
	for range agents {
		first := memory{}.askAgainAfter(true, interval)
		require.GreaterOrEqual(t, first, pause)
		require.Less(t, first, interval)
		seconds[first/time.Second]++
	}
	// There are 40 on average, with a standard deviation of 6.
	require.Less(t, slices.Max(slices.Collect(maps.Values(seconds))), 80)

	for failures, least := range map[int]time.Duration{0: interval, 1: 2 * interval, 5: patience, 100: patience} {
		again := memory{failures: failures}.askAgainAfter(false, interval)
		require.GreaterOrEqual(t, again, least)
		require.LessOrEqual(t, again, least+least/10)
	}
}

// Within 20 seconds an agent knows that a bucket does not answer, and the status has it within half a minute.
func TestAgentsWithTiersAreAskedMoreOften(t *testing.T) {
	cluster := &v1alpha1.BarqCluster{}
	require.Equal(t, interval, intervalOf(cluster))
	cluster.Spec.Tiering.Enabled = true
	require.LessOrEqual(t, memory{}.askAgainAfter(false, intervalOf(cluster)), 11*time.Second)
	cluster.Spec.Tiering.ManagedBy = v1alpha1.ManagedByServer
	require.Equal(t, interval, intervalOf(cluster))
}

// What the status says of tiers goes with them, and a restore is no warning.
func TestTheStatusOfTiers(t *testing.T) {
	recorder := events.NewFakeRecorder(10)
	r := &Reconciler{Events: recorder}
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "vectors"}}
	cluster.Spec.Tiering = v1alpha1.TieringSpec{Enabled: true, Warm: &v1alpha1.TierSpec{Provider: v1alpha1.ProviderS3, Bucket: "warm"}}
	archive := &agentapi.Archive{Reason: agentapi.ArchiveRestoring, Tiers: []agentapi.Tier{{Name: "warm", Reason: agentapi.TierReachable}}}
	then := func(reason string) ownStatus {
		t.Helper()
		archive.Reason = reason
		stored := storedStatus(cluster)
		computed := compute(database.Observation{
			Cluster: cluster, Now: now, Agents: []database.Agent{{Pod: "vectors-0", Said: &agentapi.Status{Archive: archive}}},
		})
		r.announce(cluster, stored, computed)
		cluster.Status.Database, cluster.Status.Tiering, cluster.Status.Conditions = computed.Database, computed.Tiering, computed.Conditions
		return computed
	}
	told := func() []string {
		var found []string
		for len(recorder.Events) > 0 {
			found = append(found, strings.Join(strings.Fields(<-recorder.Events)[:2], " "))
		}
		return found
	}
	require.Equal(t, int32(1), then(agentapi.ArchiveRestoring).Tiering.Pods)
	require.Equal(t, []string{"Normal Restoring"}, told())
	then(agentapi.ArchiveRestoring)
	then(agentapi.ArchiveShipping)
	require.Empty(t, told())
	require.True(t, meta.IsStatusConditionTrue(then(agentapi.ArchiveShipping).Conditions, v1alpha1.ConditionTiersReachable))
	then(agentapi.ArchiveFenced)
	require.Equal(t, []string{"Warning WriterFenced"}, told())

	cluster.Spec.Tiering.ManagedBy = v1alpha1.ManagedByServer
	computed := then(agentapi.ArchiveShipping)
	require.Nil(t, computed.Tiering)
	require.NotNil(t, computed.Database)
	for _, name := range []string{v1alpha1.ConditionTiersReachable, v1alpha1.ConditionArchiving} {
		require.Nil(t, meta.FindStatusCondition(computed.Conditions, name))
	}
}
