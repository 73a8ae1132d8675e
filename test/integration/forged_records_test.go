package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/forgery"
)

// attack is one way to forge a record.
type attack struct {
	name string
	// edits aim at targets.
	edits func(a aim) []forgery.Edit
	// sticks: what is forged is a release of Helm's, which keeps the BarqCluster waiting for a person, as it should.
	sticks bool
	// adopts: the tenant asks for the release to be taken over.
	adopts bool
}

// aim is what an attack is to hit.
type aim struct {
	// cluster is the BarqCluster, in namespace home; other is one in which the tenant may do nothing.
	cluster, home, other string
	uid                  string
	// target is an object of an administrator.
	target forgery.Target
}

func (a aim) plain() string { return a.target.Document() }

// lists is an attack whose manifest lists the target, with further edits.
func lists(name string, edits ...forgery.Edit) attack {
	return attack{name: name, edits: func(a aim) []forgery.Edit { return append([]forgery.Edit{forgery.Append(a.plain())}, edits...) }}
}

// attacks are all kinds of forged records that one BarqCluster of each shows.
func attacks() []attack {
	return slices.Concat(spelled(), hooked(), stated(), numbered(), marked(), shaped())
}

// someAttacks are those that are tried: a third in the short form.
func someAttacks() []attack {
	all := attacks()
	if !testing.Short() {
		return all
	}
	var some []attack
	for i := 0; i < len(all); i += 3 {
		some = append(some, all[i])
	}
	return some
}

// spelled: the target is listed in every spelling.
func spelled() []attack {
	var found []attack
	for i, spelling := range forgery.Spellings("") {
		found = append(found, attack{name: "spelled-" + spelling.Name, edits: func(a aim) []forgery.Edit {
			return []forgery.Edit{forgery.Append(forgery.Spellings(a.home)[i].Write(a.target))}
		}})
	}
	return append(found,
		attack{name: "whole-manifest", edits: func(a aim) []forgery.Edit { return []forgery.Edit{forgery.Manifest(a.plain())} }},
		attack{name: "first-in-manifest", edits: func(a aim) []forgery.Edit { return []forgery.Edit{forgery.Prepend(a.plain())} }},
		attack{name: "empty-manifest", edits: func(aim) []forgery.Edit { return []forgery.Edit{forgery.Manifest("")} }},
		attack{name: "manifest-of-one-word", edits: func(aim) []forgery.Edit { return []forgery.Edit{forgery.Manifest("word")} }},
		attack{name: "owned-by-the-barqcluster", edits: func(a aim) []forgery.Edit {
			owner := fmt.Sprintf("  ownerReferences: [{apiVersion: barq.db/v1alpha1, kind: BarqCluster, name: %s, uid: %s, controller: true}]\n", a.cluster, a.uid)
			return []forgery.Edit{forgery.Append(a.plain() + owner)}
		}},
		attack{name: "own-objects-moved", edits: func(a aim) []forgery.Edit {
			return []forgery.Edit{forgery.Replace("namespace: "+a.home, "namespace: "+a.other), forgery.Replace(`namespace: "`+a.home+`"`, `namespace: "`+a.other+`"`)}
		}},
	)
}

// hooked: hooks for every event make an object, and make the target anew.
func hooked() []attack {
	var found []attack
	for _, event := range []string{
		"pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback", "test", "test-success",
	} {
		found = append(found, attack{name: "hook-" + event, edits: func(a aim) []forgery.Edit {
			made := a.target
			made.Name = "made-" + a.cluster
			return []forgery.Edit{forgery.Hook(event, made.Document()), forgery.Hook(event, a.plain())}
		}})
	}
	return found
}

// stated: the record says something false of how and when it ended.
func stated() []attack {
	var found []attack
	for _, status := range []string{
		"uninstalled", "superseded", "failed", "pending-install", "pending-upgrade", "pending-rollback", "uninstalling", "unknown", "", "DEPLOYED",
	} {
		found = append(found, lists("status-"+strings.ToLower(status)+"-"+fmt.Sprint(len(status)), forgery.Status(status), forgery.Deployed("2001-01-01T00:00:00Z")))
	}
	for name, moment := range map[string]string{
		"year-0": "0000-01-01T00:00:00Z", "year-1": "0001-01-01T00:00:00Z", "year-2099": "2099-01-01T00:00:00Z", "year-9999": "9999-12-31T23:59:59Z",
		"no-date": "yesterday", "empty-date": "",
	} {
		found = append(found, lists("date-"+name, forgery.Deployed(moment)))
	}
	return append(found,
		lists("pending-since-year-0", forgery.Status("pending-upgrade"), forgery.Deployed("0000-01-01T00:00:00Z")),
		lists("status-in-the-label", forgery.StatusLabel("superseded")),
	)
}

// numbered: the revision or the name of the Secret is odd.
func numbered() []attack {
	var found []attack
	for _, number := range []int64{0, 2, 1 << 31, 1<<31 - 1, 1<<63 - 1} {
		found = append(found, lists(fmt.Sprintf("revision%d", number), forgery.Revision(number)))
	}
	// A label cannot have a negative number.
	for _, number := range []int64{-1, -1 << 63} {
		found = append(found, attack{name: fmt.Sprintf("revision%d", number), edits: func(a aim) []forgery.Edit {
			return []forgery.Edit{forgery.Append(a.plain()), forgery.InnerRevision(number), forgery.StoredAs(forgery.SecretName(a.cluster, number))}
		}})
	}
	for name, suffix := range map[string]string{
		"letter": ".v2x", "none": ".v", "zeros": ".v0002", "dot": ".v2.0", "twice": ".v1.v2", "exponent": ".v1e3", "long": ".v" + strings.Repeat("9", 40),
	} {
		found = append(found, attack{name: "stored-as-" + name, edits: func(a aim) []forgery.Edit {
			return []forgery.Edit{forgery.Append(a.plain()), forgery.Label("version", "2"), forgery.InnerRevision(2), forgery.StoredAs("sh.helm.release.v1." + a.cluster + suffix)}
		}})
	}
	return append(found,
		lists("inner-revision", forgery.InnerRevision(999)),
		lists("inner-name", forgery.InnerName("another")),
		lists("inner-namespace", forgery.InnerNamespace("kube-system")),
		lists("inner-namespace-empty", forgery.InnerNamespace("")),
		lists("label-version", forgery.Label("version", "x")),
		lists("label-version-huge", forgery.Label("version", strings.Repeat("9", 40))),
		lists("label-name", forgery.Label("name", "another")),
		lists("label-owner", forgery.Label("owner", "mallory")),
	)
}

// marked: the labels and annotations by which the operator knows its records are taken off or made up.
func marked() []attack {
	adopted := lists("adopted", forgery.Unmarked())
	adopted.sticks, adopted.adopts = true, true
	helms := lists("of-helm", forgery.Unmarked())
	helms.sticks = true
	foreign := lists("of-another-chart", forgery.Unmarked(), forgery.Chart("other"))
	foreign.sticks = true
	foreignMarked := lists("of-another-chart-marked", forgery.Chart("other"))
	foreignMarked.sticks = true
	anothers := lists("managed-by-another", forgery.Label("barq.db/managed-by", "mallory"))
	anothers.sticks = true
	return []attack{
		adopted, helms, foreign, foreignMarked, anothers,
		lists("unsigned", forgery.Unsigned()),
		lists("signed-with-a-word", forgery.SignedWith("word")),
		lists("signed-with-nothing", forgery.SignedWith("")),
		lists("signed-with-zeros", forgery.SignedWith(strings.Repeat("0", 64))),
		lists("generation-ahead", forgery.Label("barq.db/generation", "9223372036854775807")),
		lists("rollout-unrequested", forgery.Label("barq.db/rollout", "unrequested")),
		lists("owned-secret", forgery.OwnedBy(metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "00000000-0000-0000-0000-000000000000"})),
	}
}

// shaped: the record as a whole has another form than Helm writes.
func shaped() []attack {
	return []attack{
		lists("plain", forgery.Plain()),
		{name: "manifest-again", edits: func(a aim) []forgery.Edit { return []forgery.Edit{forgery.Again("Manifest", a.plain())} }},
		{name: "name-again", edits: func(a aim) []forgery.Edit {
			return []forgery.Edit{forgery.Append(a.plain()), forgery.Again("NAMESPACE", a.other)}
		}},
		{name: "sub-chart", edits: func(a aim) []forgery.Edit { return []forgery.Edit{forgery.SubChart("sub", a.plain())} }},
		{name: "template", edits: func(a aim) []forgery.Edit { return []forgery.Edit{forgery.Template([]byte(a.plain()))} }},
		lists("values", forgery.Config(map[string]any{"image": map[string]any{"repository": "registry.example.com/mallory"}, "replicas": 3})),
		lists("no-values", forgery.Without("config")),
		lists("no-info", forgery.Without("info")),
		lists("no-chart", forgery.Without("chart")),
		lists("no-name", forgery.Without("name")),
		lists("no-manifest", forgery.Without("manifest")),
		lists("null", forgery.Content("null")),
		lists("a-list", forgery.Content("[]")),
		lists("nothing", forgery.Content("{}")),
		lists("nested", forgery.Content(strings.Repeat(`{"chart":`, 9_000)+"null"+strings.Repeat("}", 9_000))),
		lists("no-base64", forgery.Raw([]byte("%%%"))),
		lists("no-gzip", forgery.Raw([]byte("eA=="))),
		lists("empty", forgery.Raw([]byte{})),
		lists("large-notes", forgery.Notes(5<<20)),
		{name: "many-documents", edits: func(a aim) []forgery.Edit {
			return []forgery.Edit{forgery.Append(strings.Repeat("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n---\n", 5_000) + a.plain())}
		}},
	}
}

// Each kind of forged record gets a BarqCluster of its own, which is edited while the record is there, and deleted, and another one, which
// is handed back to Helm. The attack hits nothing, and the BarqCluster goes on as if the record were the operator's.
func TestForgedRecords(t *testing.T) {
	all := someAttacks()
	names := make([]string, len(all))
	for i, attack := range all {
		names[i] = attack.name
	}
	s := layOut(t, append(names, "another")...)
	clusters, here, there := map[string]*v1alpha1.BarqCluster{}, map[string]aim{}, map[string]aim{}
	for _, name := range names {
		clusters[name] = s.create(t, name, `replicas: 0`)
	}
	originals := map[string]*corev1.Secret{}
	for _, name := range names {
		waitSleeping(t, clusters[name])
		here[name], there[name] = s.aimAt(t, clusters[name])
		originals[name] = s.record(t, name)
	}
	alice := s.honest(t)
	s.watchOver(t)
	forge := func(aims map[string]aim) {
		for _, attack := range all {
			s.forgeNewest(t, originals[attack.name], attack.edits(aims[attack.name])...)
		}
	}
	wrong := map[string][]string{}
	// each waits until all are through, and adds what is not.
	each := func(what string, check func(attack) string) {
		began := time.Now()
		// They are more than a hundred.
		deadline := began.Add(2 * patience)
		for _, attack := range all {
			if last := within(time.Until(deadline), func() string { return check(attack) }); last != "" {
				wrong[attack.name] = append(wrong[attack.name], what+": "+last)
			}
		}
		t.Logf("%s: all through in %s", what, time.Since(began).Round(time.Millisecond))
		time.Sleep(soon)
		breaches := s.breaches(t)
		for _, attack := range all {
			wrong[attack.name] = append(wrong[attack.name], about(breaches, attack.name)...)
		}
	}

	s.askForAdoption(t, all)
	honest := ""
	for i, aims := range []map[string]aim{there, here} {
		seconds := int32(7 + i)
		forge(aims)
		for _, name := range names {
			require.NoError(t, s.Patch(t.Context(), name, minReady(seconds)))
		}
		honest += editAs(t, alice, "honest", seconds)
		each("after an edit", func(attack attack) string {
			if attack.sticks {
				return ""
			}
			return arrived(t, s.Namespace, attack.name, seconds)
		})
	}
	forge(here)
	for _, name := range names {
		require.NoError(t, s.Client.Delete(t.Context(), clusters[name]))
	}
	each("after a deletion", func(attack attack) string { return left(t, clusters[attack.name]) })

	for _, name := range names {
		clusters[name] = s.create(t, name, `replicas: 0`)
	}
	s.handBack(t, clusters, func() { forge(here) })
	each("after it was handed back", func(attack attack) string { return remains(t, clusters[attack.name]) })

	for _, name := range names {
		t.Run(name, func(t *testing.T) { require.Empty(t, wrong[name]) })
	}
	s.requireUntouched(t)
	require.Empty(t, honest)
}

// askForAdoption annotates the BarqClusters of attacks that want their release taken over.
func (s *siege) askForAdoption(t *testing.T, all []attack) {
	t.Helper()
	for _, attack := range all {
		if attack.adopts {
			require.NoError(t, s.Patch(t.Context(), attack.name, `{"metadata":{"annotations":{"barq.db/adopt-release":"`+attack.name+`"}}}`))
		}
	}
}

// handBack deletes BarqClusters whose releases are to be kept, after their records were forged.
func (s *siege) handBack(t *testing.T, clusters map[string]*v1alpha1.BarqCluster, forge func()) {
	t.Helper()
	for _, cluster := range clusters {
		waitSleeping(t, cluster)
	}
	forge()
	for name, cluster := range clusters {
		require.NoError(t, s.Patch(t.Context(), name, `{"metadata":{"annotations":{"barq.db/on-deletion":"keep-release"}}}`))
		require.NoError(t, s.Client.Delete(t.Context(), cluster))
	}
}

// remains says that a BarqCluster is there; empty if it is not.
func remains(t *testing.T, cluster *v1alpha1.BarqCluster) string {
	t.Helper()
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(cluster), &v1alpha1.BarqCluster{}); !apierrors.IsNotFound(err) {
		return cluster.Name + " is not gone"
	}
	return ""
}

// forgeNewest changes the newest record of a release, or the original one if the newest cannot be read.
func (s *siege) forgeNewest(t *testing.T, original *corev1.Secret, edits ...forgery.Edit) {
	t.Helper()
	newest, err := s.Record(t.Context(), original.Labels["name"])
	require.NoError(t, err)
	if newest == nil {
		newest = original
	}
	if _, err := forgery.Open(newest); err != nil {
		newest = original
	}
	forged, err := forgery.Forge(newest, edits...)
	require.NoError(t, err)
	require.NoError(t, s.Store(t.Context(), forged))
}

// aimAt makes objects of an administrator that one attack is to hit, in the tenant's own namespace and in another one.
func (s *siege) aimAt(t *testing.T, cluster *v1alpha1.BarqCluster) (here, there aim) {
	t.Helper()
	theirs := metav1.ObjectMeta{Namespace: s.victims, Name: "theirs-" + cluster.Name}
	require.NoError(t, admin.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: theirs, Data: map[string]string{"a": "b"}}))
	there = aim{
		cluster: cluster.Name, uid: string(cluster.UID), home: s.Namespace, other: s.victims,
		target: forgery.Target{APIVersion: "v1", Kind: "ConfigMap", Namespace: theirs.Namespace, Name: theirs.Name},
	}
	theirs.Namespace = s.Namespace
	require.NoError(t, admin.Create(t.Context(), &networkingv1.NetworkPolicy{ObjectMeta: theirs}))
	here = there
	here.target = forgery.Target{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: theirs.Namespace, Name: theirs.Name}
	return here, there
}

// about gives the breaches that name what an attack aims at.
func about(breaches []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(breaches), func(breach string) bool {
		return !slices.ContainsFunc([]string{"/theirs-" + name, "/made-" + name, "/" + name}, func(target string) bool {
			_, rest, found := strings.Cut(breach, target)
			return found && (rest == "" || rest[0] == ' ')
		})
	})
}

// waitSleeping waits until a BarqCluster of no pods is as it should be.
func waitSleeping(t *testing.T, cluster *v1alpha1.BarqCluster) {
	t.Helper()
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
}
