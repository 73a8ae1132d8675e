package operator_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/signing"
)

// podMonitors and serviceMonitors are the API of the Prometheus operator, as a chart asks for it.
const (
	podMonitors     = "monitoring.coreos.com/v1/PodMonitor"
	serviceMonitors = "monitoring.coreos.com/v1/ServiceMonitor"
)

// resource is what a rule is about, and permissions are the verbs on each.
type (
	resource    struct{ group, name string }
	permissions map[resource][]string
)

// of gives the permissions that the rules sum up to.
func of(t *testing.T, rules []rbacv1.PolicyRule) permissions {
	t.Helper()
	found := permissions{}
	for _, rule := range rules {
		require.Empty(t, rule.NonResourceURLs)
		require.Empty(t, rule.ResourceNames)
		for _, group := range rule.APIGroups {
			for _, name := range rule.Resources {
				at := resource{group, name}
				found[at] = append(found[at], rule.Verbs...)
				slices.Sort(found[at])
			}
		}
	}
	return found
}

// databaseKinds gives the kinds that the chart barq-db can make, from its examples. Each of its
// templates has to be used by one of them, or a kind might be missing.
func databaseKinds(t *testing.T) []schema.GroupKind {
	t.Helper()
	const chart = charts + "/barq-db"
	examples, err := filepath.Glob(filepath.Join(chart, "ci", "*-values.yaml"))
	require.NoError(t, err)
	var kinds []schema.GroupKind
	unused := map[string]bool{}
	for _, template := range loadChart(t, chart).Templates {
		file := filepath.Base(template.Name)
		hook := strings.HasPrefix(template.Name, "templates/tests/")
		if strings.HasSuffix(file, ".yaml") && !hook {
			unused["barq-db/"+template.Name] = true
		}
	}
	for _, example := range examples {
		values, err := os.ReadFile(example)
		require.NoError(t, err)
		rendered, err := tryRender(t, loadChart(t, chart), "db", string(values), podMonitors, serviceMonitors)
		require.NoError(t, err)
		for _, object := range parse(t, rendered.Manifest) {
			kinds = append(kinds, object.GroupVersionKind().GroupKind())
		}
		for line := range strings.Lines(rendered.Manifest) {
			if source, found := strings.CutPrefix(line, "# Source: "); found {
				delete(unused, strings.TrimSpace(source))
			}
		}
	}
	require.Empty(t, unused, "no file in %s/ci makes anything of these templates", chart)
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(kinds)
}

// plural gives the resource of a kind; all that are used are plain English.
func plural(kind schema.GroupKind) resource {
	name := strings.ToLower(kind.Kind)
	if before, found := strings.CutSuffix(name, "y"); found {
		return resource{kind.Group, before + "ies"}
	}
	return resource{kind.Group, name + "s"}
}

// The operator may do exactly this: with each kind that the chart barq-db makes what a release
// and the watch on it take, and beside these what is written out here. A kind that the
// chart gains or loses, or a marker in the code, has to come with a change of the other.
func TestPermissionsAreThoseThatTheChartAndTheCodeNeed(t *testing.T) {
	want := permissions{
		// BarqClusters are the users': the operator patches only its finalizer.
		{"barq.db", "barqclusters"}:            {"get", "list", "patch", "watch"},
		{"barq.db", "barqclusters/status"}:     {"patch"},
		{"barq.db", "barqclusters/finalizers"}: {"update"},
		// BarqBackupStores are the users' too, and their pods go with them.
		{"barq.db", "barqbackupstores"}:        {"get", "list", "watch"},
		{"barq.db", "barqbackupstores/status"}: {"patch"},
		// Helm keeps its releases in Secrets, and the pods' Secrets are summed up.
		{"", "secrets"}: {"create", "delete", "get", "list", "update", "watch"},
		// Volumes grow, and go where spec.storage.retention says so. A pod is restarted where its file system needs that, and replaced where it is stuck on a former spec.
		{"", "persistentvolumeclaims"}: {"delete", "list", "patch", "watch"},
		// A volume outlives its PVC where spec.storage.retention.reclaim says so.
		{"", "persistentvolumes"}: {"get", "patch"},
		// One is made as a dry run before a template reaches the pods, and one for each probe of a store. Quotas are read if they have no room for it.
		{"", "pods"}:           {"create", "delete", "list", "watch"},
		{"", "resourcequotas"}: {"list"},
		// Pods that cannot be made are told by events only.
		{"", "events"}:              {"list"},
		{"events.k8s.io", "events"}: {"create", "patch"},
		// Whether the class is there that the spec names for the pods.
		{"scheduling.k8s.io", "priorityclasses"}: {"get"},
	}
	for _, kind := range databaseKinds(t) {
		at := plural(kind)
		require.NotContains(t, want, at, "the chart makes what is written out here")
		want[at] = []string{"create", "delete", "get", "list", "patch", "watch"}
	}
	role := decode[rbacv1.ClusterRole](t, kustomized(t, "default")["ClusterRole /barq-operator"])
	require.Equal(t, want, of(t, role.Rules))
}

// Of the admission policies the operator reads the one that it is about, under the name that the release gives it.
func TestOnePolicyIsRead(t *testing.T) {
	want := func(name string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{
			APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"},
			ResourceNames: []string{name}, Verbs: []string{"list", "watch"},
		}}
	}
	const key = "ClusterRole /barq-operator-deletion-protection"
	for _, from := range []string{"default", "namespaced"} {
		role := decode[rbacv1.ClusterRole](t, kustomized(t, from)[key])
		require.Equal(t, want(protection.DefaultName), role.Rules, from)
	}
	for name, test := range map[string]struct{ values, key, policy string }{
		"default":      {`{}`, key, protection.DefaultName},
		"another name": {`fullnameOverride: search`, "ClusterRole /search-deletion-protection", "search-deletion-protection"},
		"policy of an administrator": {
			`{fullnameOverride: search, deletionProtection: {enabled: false}}`, "ClusterRole /search-deletion-protection", protection.DefaultName,
		},
	} {
		t.Run(name, func(t *testing.T) {
			made := render(t, releaseName, test.values)
			require.Equal(t, want(test.policy), decode[rbacv1.ClusterRole](t, made[test.key]).Rules)
			require.Contains(t, made, strings.Replace(test.key, "ClusterRole", "ClusterRoleBinding", 1))
			if policy, there := made["ValidatingAdmissionPolicy /"+test.policy]; there {
				binding := decode[admissionregistrationv1.ValidatingAdmissionPolicyBinding](t, made["ValidatingAdmissionPolicyBinding /"+policy.GetName()])
				require.Equal(t, test.policy, binding.Spec.PolicyName)
			}
		})
	}
}

// Nothing that any of the roles allows lets its holder rise above it.
func TestNoRoleIsWiderThanItsWords(t *testing.T) {
	checked := 0
	for key, object := range render(t, releaseName, `{}`) {
		if kind := object.GetKind(); kind != "ClusterRole" && kind != "Role" {
			continue
		}
		for _, rule := range decode[rbacv1.ClusterRole](t, object).Rules {
			checked++
			for _, list := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs} {
				for _, word := range list {
					require.NotContains(t, word, "*", key)
				}
			}
			for _, verb := range []string{"escalate", "bind", "impersonate"} {
				require.NotContains(t, rule.Verbs, verb, key)
			}
			require.NotContains(t, rule.APIGroups, rbacv1.GroupName, key)
			require.NotContains(t, rule.Resources, "pods/exec", key)
		}
	}
	require.NotZero(t, checked)
}

// What the operator may do where it is confined: the same rules in each namespace, and of what has
// no namespace only to ask whose a token is.
func TestConfinedToNamespaces(t *testing.T) {
	everywhere, confined := render(t, releaseName, `{}`), render(t, releaseName, `watchNamespaces: [apps, search]`)
	role := decode[rbacv1.ClusterRole](t, everywhere["ClusterRole /barq-operator"])
	account := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: releaseName}}

	for _, watched := range []string{"apps", "search"} {
		key := " " + watched + "/barq-operator"
		require.Equal(t, role.Rules, decode[rbacv1.Role](t, confined["Role"+key]).Rules)
		binding := decode[rbacv1.RoleBinding](t, confined["RoleBinding"+key])
		require.Equal(t, account, binding.Subjects)
		require.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: releaseName}, binding.RoleRef)
		delete(confined, "Role"+key)
		delete(confined, "RoleBinding"+key)
	}
	delete(everywhere, "ClusterRole /barq-operator")
	delete(everywhere, "ClusterRoleBinding /barq-operator")

	environment := func(from objects) map[string]string {
		spec := deployment(t, from).Spec.Template.Spec
		require.Len(t, spec.Containers, 1)
		found := map[string]string{}
		for _, variable := range spec.Containers[0].Env {
			found[variable.Name] = variable.Value
		}
		return found
	}
	wantEnvironment := environment(everywhere)
	wantEnvironment["WATCH_NAMESPACE"] = "apps,search"
	require.Equal(t, wantEnvironment, environment(confined))

	delete(everywhere, "Deployment barq-system/barq-operator")
	delete(confined, "Deployment barq-system/barq-operator")
	require.Equal(t, everywhere, confined)
}

// Who has rights in namespaces only can install the operator there.
func TestWithoutObjectsOfTheWholeCluster(t *testing.T) {
	found := render(t, releaseName, `
watchNamespaces: [apps]
crds: {install: false}
deletionProtection: {enabled: false}
replicasWarning: {enabled: false}
rbac: {userRoles: false}
metrics: {enabled: false}
`)
	var keys []string
	for key := range found {
		keys = append(keys, key)
	}
	require.ElementsMatch(t, []string{
		"Deployment barq-system/barq-operator",
		"NetworkPolicy barq-system/barq-operator",
		"Role apps/barq-operator",
		"Role barq-system/barq-operator-leader-election",
		"Role barq-system/barq-operator-record-key",
		"RoleBinding apps/barq-operator",
		"RoleBinding barq-system/barq-operator-leader-election",
		"RoleBinding barq-system/barq-operator-record-key",
		"ServiceAccount barq-system/barq-operator",
	}, keys)
}

// The markers of the leader's lease are not generated, so they are held to what the library
// does with it.
func TestTheLeaseIsInTheOperatorsNamespaceOnly(t *testing.T) {
	content, err := os.ReadFile(root + "/config/rbac/leader_election_role.yaml")
	require.NoError(t, err)
	var role rbacv1.Role
	require.NoError(t, yaml.UnmarshalStrict(content, &role))
	require.Equal(t, permissions{
		{"coordination.k8s.io", "leases"}: {"create", "get", "update"},
		{"", "events"}:                    {"create", "patch"},
	}, of(t, role.Rules))
	require.Equal(t, role.Rules, decode[rbacv1.Role](t, render(t, releaseName, `watchNamespaces: [apps]`)["Role barq-system/barq-operator-leader-election"]).Rules)
}

// A create cannot be limited to one name; a get is.
func TestTheKeyOfRecordsIsInTheOperatorsNamespaceOnly(t *testing.T) {
	content, err := os.ReadFile(root + "/config/rbac/record_key_role.yaml")
	require.NoError(t, err)
	var role rbacv1.Role
	require.NoError(t, yaml.UnmarshalStrict(content, &role))
	require.Equal(t, []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{signing.SecretName}, Verbs: []string{"get"}},
	}, role.Rules)
	require.Equal(t, role.Rules, decode[rbacv1.Role](t, render(t, releaseName, `watchNamespaces: [apps]`)["Role barq-system/barq-operator-record-key"]).Rules)
}
