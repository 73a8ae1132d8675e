package integration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/test/snapshot"
	"github.com/barq-db/barq-operator/test/tenant"
)

// permission is a verb on a resource, which the operator's role has.
type permission struct{ resource, verb string }

// What a tenant tries in order to use a permission. Each is a row of attempts.
var (
	// reading is what could make the operator read an object of another person, and tell of it.
	reading = []string{"listed-elsewhere", "listed-at-home", "adopted", "handed-back", "references", "of-another-tenant"}
	// making is what could make the operator make an object.
	making = []string{"hooked", "listed-elsewhere", "listed-at-home", "same-names", "moved"}
	// changing is what could make it change one.
	changing = []string{"listed-elsewhere", "listed-at-home", "same-names", "repaired", "adopted", "handed-back", "moved"}
	// removing is what could make it delete one.
	removing = []string{"listed-elsewhere", "listed-at-home", "hooked", "adopted", "same-names", "of-another-tenant"}
)

// reaches are all permissions of config/rbac/role.yaml, with the attempts to use each for an object of another person.
var reaches = map[permission][]string{
	{"configmaps", "get"}: reading, {"configmaps", "list"}: reading, {"configmaps", "watch"}: reading,
	{"configmaps", "create"}: making, {"configmaps", "patch"}: changing, {"configmaps", "delete"}: removing,

	{"serviceaccounts", "get"}: reading, {"serviceaccounts", "list"}: reading, {"serviceaccounts", "watch"}: reading,
	{"serviceaccounts", "create"}: append([]string{"accounts"}, making...), {"serviceaccounts", "patch"}: append([]string{"accounts"}, changing...),
	{"serviceaccounts", "delete"}: append([]string{"accounts"}, removing...),

	{"services", "get"}: reading, {"services", "list"}: reading, {"services", "watch"}: reading,
	{"services", "create"}: making, {"services", "patch"}: changing, {"services", "delete"}: removing,

	// The operator reads events about its own BarqClusters, and writes them where the BarqCluster is.
	{"events", "list"}: {"references", "metadata"}, {"events.events.k8s.io", "create"}: {"metadata", "volumes", "of-another-tenant"},
	{"events.events.k8s.io", "patch"}: {"metadata", "volumes", "of-another-tenant"},

	{"persistentvolumeclaims", "list"}: {"volumes"}, {"persistentvolumeclaims", "watch"}: {"volumes"},
	{"persistentvolumeclaims", "patch"}: {"volumes", "listed-elsewhere", "listed-at-home"}, {"persistentvolumeclaims", "delete"}: {"volumes", "listed-elsewhere", "listed-at-home"},

	{"persistentvolumes", "get"}: {"volumes"}, {"persistentvolumes", "patch"}: {"volumes"},

	{"pods", "list"}: {"volumes"}, {"pods", "watch"}: {"volumes"}, {"pods", "delete"}: {"volumes", "hooked"},
	// The operator makes pods as a dry run. The names of what it asks for are those of its own pods.
	{"pods", "create"}: append([]string{"references", "stores"}, making...), {"resourcequotas", "list"}: {"references", "volumes"},

	{"secrets", "get"}: reading, {"secrets", "list"}: reading, {"secrets", "watch"}: {"references"},
	{"secrets", "create"}: append([]string{"records"}, making...), {"secrets", "update"}: {"records", "handed-back", "of-another-tenant"},
	{"secrets", "delete"}: append([]string{"records"}, removing...),

	{"statefulsets.apps", "get"}: reading, {"statefulsets.apps", "list"}: reading, {"statefulsets.apps", "watch"}: reading,
	{"statefulsets.apps", "create"}: making, {"statefulsets.apps", "patch"}: changing, {"statefulsets.apps", "delete"}: removing,

	{"priorityclasses.scheduling.k8s.io", "get"}: {"references"},

	{"barqbackupstores.barq.db", "get"}: {"stores"}, {"barqbackupstores.barq.db", "list"}: {"stores"}, {"barqbackupstores.barq.db", "watch"}: {"stores"},
	{"barqbackupstores/status.barq.db", "patch"}: {"stores"},

	{"barqclusters.barq.db", "get"}: {"of-another-tenant"}, {"barqclusters.barq.db", "list"}: {"of-another-tenant"},
	{"barqclusters.barq.db", "watch"}: {"of-another-tenant"}, {"barqclusters.barq.db", "patch"}: {"of-another-tenant", "metadata"},
	{"barqclusters/finalizers.barq.db", "update"}: {"metadata", "of-another-tenant"},
	{"barqclusters/status.barq.db", "patch"}:      {"status", "of-another-tenant"},

	{"podmonitors.monitoring.coreos.com", "get"}: reading, {"podmonitors.monitoring.coreos.com", "list"}: reading,
	{"podmonitors.monitoring.coreos.com", "watch"}: reading, {"podmonitors.monitoring.coreos.com", "create"}: append([]string{"monitored"}, making...),
	{"podmonitors.monitoring.coreos.com", "patch"}: append([]string{"monitored"}, changing...), {"podmonitors.monitoring.coreos.com", "delete"}: append([]string{"monitored"}, removing...),

	{"servicemonitors.monitoring.coreos.com", "get"}: reading, {"servicemonitors.monitoring.coreos.com", "list"}: reading,
	{"servicemonitors.monitoring.coreos.com", "watch"}: reading, {"servicemonitors.monitoring.coreos.com", "create"}: append([]string{"scraped"}, making...),
	{"servicemonitors.monitoring.coreos.com", "patch"}: append([]string{"scraped"}, changing...), {"servicemonitors.monitoring.coreos.com", "delete"}: append([]string{"scraped"}, removing...),

	{"networkpolicies.networking.k8s.io", "get"}: reading, {"networkpolicies.networking.k8s.io", "list"}: reading,
	{"networkpolicies.networking.k8s.io", "watch"}: reading, {"networkpolicies.networking.k8s.io", "create"}: making,
	{"networkpolicies.networking.k8s.io", "patch"}: changing, {"networkpolicies.networking.k8s.io", "delete"}: removing,

	{"poddisruptionbudgets.policy", "get"}: reading, {"poddisruptionbudgets.policy", "list"}: reading, {"poddisruptionbudgets.policy", "watch"}: reading,
	{"poddisruptionbudgets.policy", "create"}: making, {"poddisruptionbudgets.policy", "patch"}: changing, {"poddisruptionbudgets.policy", "delete"}: removing,
}

// permissions are those of the operator's role.
func permissions(t *testing.T) []permission {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config/rbac/role.yaml"))
	require.NoError(t, err)
	var found []permission
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var role rbacv1.ClusterRole
		require.NoError(t, yaml.UnmarshalStrict([]byte(document), &role))
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						found = append(found, permission{schema.GroupResource{Group: group, Resource: resource}.String(), verb})
					}
				}
			}
		}
	}
	return found
}

// A tenant tries to use each permission of the operator for an object that is not hers, in every way that the API has: fields,
// annotations, the BarqCluster's own metadata, and records of releases. A permission without a row here fails.
func TestWhatATenantReachesThroughTheOperator(t *testing.T) {
	given := permissions(t)
	for row := range reaches {
		require.Contains(t, given, row, "the role has no such permission; remove its row")
	}
	tried := attempt(t)
	for _, row := range given {
		t.Run(strings.ReplaceAll(row.resource, "/", "-")+"/"+row.verb, func(t *testing.T) {
			attempts := reaches[row]
			require.NotEmpty(t, attempts, "nothing tries to use this permission; add a row to reaches that says what does")
			for _, name := range attempts {
				require.True(t, tried.made[name], "there is no attempt %q", name)
			}
			var own, foreign []string
			for _, entry := range tried.report.Entries {
				if tenant.ResourceOf(entry) == row.resource && entry.Verb == row.verb {
					own = append(own, entry.Namespace+"/"+entry.Name)
				}
			}
			for _, entry := range tried.report.Foreign {
				if tenant.ResourceOf(entry) == row.resource && entry.Verb == row.verb {
					foreign = append(foreign, entry.Namespace+"/"+entry.Name)
				}
			}
			t.Logf("tried: %s; %d requests of this kind", strings.Join(attempts, ", "), len(own))
			require.Empty(t, foreign, "the operator was made to %s these", row.verb)
			require.Empty(t, slices.DeleteFunc(slices.Clone(tried.report.Differences), func(difference snapshot.Difference) bool {
				return difference.Name.Resource != row.resource || !slices.Contains(verbs(difference), row.verb)
			}))
		})
	}
	t.Run("nothing else", func(t *testing.T) {
		require.Empty(t, tried.report.Breaches())
		require.Empty(t, tried.told, "what mallory can read holds what she may not")
	})
}

// verbs are those that lead to a difference.
func verbs(difference snapshot.Difference) []string {
	switch {
	case difference.Before == nil:
		return []string{"create"}
	case difference.After == nil:
		return []string{"delete"}
	case difference.Before.GetUID() != difference.After.GetUID():
		return []string{"create", "delete"}
	default:
		return []string{"patch", "update"}
	}
}

// outcome is what has become of all attempts.
type outcome struct {
	made   map[string]bool
	report *tenant.Report
	// told are places that mallory can read and that hold what an administrator keeps elsewhere.
	told []string
}

// attempt makes all attempts at once, and gives what has come of them.
func attempt(t *testing.T) *outcome {
	t.Helper()
	all := attempts()
	names := []string{precious, "only-there"}
	for _, one := range all {
		names = append(names, one.name)
	}
	s := layOut(t, names...)
	alice := s.honest(t)
	// Hers is not mallory's to change.
	s.own = s.own[:1]
	target := &reachTarget{siege: s, other: alice}
	for _, one := range all {
		if one.prepare != nil {
			one.prepare(t, target, one.name)
		}
	}
	for _, one := range all {
		if one.spec != "" {
			s.create(t, one.name, one.spec)
		}
	}
	for _, one := range all {
		if one.spec != "" {
			cluster := clusterOf(t, s.Namespace, one.name, one.spec)
			if ptr.Deref(cluster.Spec.Replicas, 1) == 0 {
				waitSleeping(t, cluster)
			} else {
				waitReady(t, cluster)
			}
		}
	}
	s.watchOver(t)
	found := &outcome{made: map[string]bool{}, report: &tenant.Report{}}
	for _, step := range []func(tried) func(*testing.T, *reachTarget, string){
		func(one tried) func(*testing.T, *reachTarget, string) { return one.begin },
		func(one tried) func(*testing.T, *reachTarget, string) { return one.end },
	} {
		for _, one := range all {
			if do := step(one); do != nil {
				do(t, target, one.name)
				found.made[one.name] = true
			}
		}
		time.Sleep(3 * soon)
		found.look(t, s)
	}
	for _, one := range all {
		_ = s.Client.Delete(t.Context(), clusterOf(t, s.Namespace, one.name, `{}`))
	}
	time.Sleep(2 * soon)
	found.look(t, s)
	return found
}

// look adds what there is now.
func (o *outcome) look(t *testing.T, s *siege) {
	t.Helper()
	report, err := s.guard.Look(t.Context())
	require.NoError(t, err)
	o.report.Differences = report.Differences
	o.report.Entries = slices.Concat(o.report.Entries, report.Entries)
	o.report.Foreign = slices.Concat(o.report.Foreign, report.Foreign)
	for _, kind := range []string{"bqc", "bbs", "secret", "events"} {
		out, err := kubectl("-n", s.Namespace, "get", kind, "-o", "yaml").CombinedOutput()
		require.NoError(t, err)
		if strings.Contains(string(out), tenant.Password(s.victims)) || strings.Contains(string(out), "only-there exists") {
			o.told = append(o.told, kind)
		}
	}
}
