package tenant

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/barq-db/barq-operator/internal/protection"
	"github.com/barq-db/barq-operator/internal/signing"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/snapshot"
)

// calm is for how long nothing may change until a guard begins.
const calm = 500 * time.Millisecond

// Guard tells what was touched that does not belong to the tenants.
type Guard struct {
	reader *snapshot.Reader
	trail  *audit.Trail
	own    []Own
	reads  []Own
	// elsewhere tells of a namespace that it is no part of the test.
	elsewhere func(namespace string) bool
	before    snapshot.Snapshot
}

// Options are about one guard.
type Options struct {
	// Config has all permissions.
	Config *rest.Config
	// Log is the audit log of the API server.
	Log string
	// Own belongs to tenants. Reads does too, and nothing happens that lets the operator do more than read it.
	Own, Reads []Own
	// Elsewhere tells of a namespace that it is no part of the test, if that is not nil.
	Elsewhere func(namespace string) bool
}

// NewGuard begins to guard when nothing changes any more.
func NewGuard(ctx context.Context, options Options) (*Guard, error) {
	reader, err := snapshot.NewReader(options.Config)
	if err != nil {
		return nil, err
	}
	g := &Guard{reader: reader, own: options.Own, reads: options.Reads, elsewhere: options.Elsewhere}
	if g.before, err = reader.TakeQuiet(ctx, calm, g.counts); err != nil {
		return nil, err
	}
	g.trail, err = audit.OpenTrail(options.Log, operatorprocess.User(operatorprocess.Account))
	return g, err
}

// Close ends the guard.
func (g *Guard) Close() error { return g.trail.Close() }

// Report is what has become of the objects that are no tenant's, and what the operator has asked for.
type Report struct {
	// Differences are objects that are not what they were when the guard began.
	Differences []snapshot.Difference
	// Entries are all requests of the operator since the last report, and Foreign those for what is no tenant's.
	Entries, Foreign []audit.Entry
}

// Breaches gives a line for each difference and for each request for what is no tenant's.
func (r *Report) Breaches() []string {
	var found []string
	for _, difference := range r.Differences {
		found = append(found, difference.String())
	}
	for _, entry := range r.Foreign {
		found = append(found, fmt.Sprintf("the operator asked to %s %s %s/%s and got %d", entry.Verb, ResourceOf(entry), entry.Namespace, entry.Name, entry.Code))
	}
	return found
}

// Look compares all objects with those from when the guard began.
func (g *Guard) Look(ctx context.Context) (*Report, error) {
	after, err := g.reader.Take(ctx)
	if err != nil {
		return nil, err
	}
	report := &Report{}
	for _, difference := range snapshot.Differences(g.before, after) {
		if !g.isExpected(difference) {
			report.Differences = append(report.Differences, difference)
		}
	}
	if report.Entries, err = g.trail.Entries(); err != nil {
		return nil, err
	}
	for _, entry := range report.Entries {
		if !g.mayBe(entry, after) {
			report.Foreign = append(report.Foreign, entry)
		}
	}
	return report, nil
}

// Breaches are those of a report of now.
func (g *Guard) Breaches(ctx context.Context) ([]string, error) {
	report, err := g.Look(ctx)
	if err != nil {
		return nil, err
	}
	return report.Breaches(), nil
}

// isExpected tells whether a tenant's own objects may differ in this way.
func (g *Guard) isExpected(difference snapshot.Difference) bool {
	if difference.Before != nil {
		// Whose an object was counts, and not whose it has become.
		return !g.counts(difference.Name, difference.Before)
	}
	return !g.counts(difference.Name, difference.After) ||
		slices.ContainsFunc(g.own, func(own Own) bool { return own.Left(difference.Name, difference.After) })
}

// counts tells whether an object belongs to no tenant.
func (g *Guard) counts(name snapshot.Name, object *unstructured.Unstructured) bool {
	if g.isElsewhere(name, object) {
		return false
	}
	return !slices.ContainsFunc(g.own, func(own Own) bool { return own.Has(name, object) })
}

func (g *Guard) isElsewhere(name snapshot.Name, object *unstructured.Unstructured) bool {
	namespace := name.Namespace
	switch name.Resource {
	case "namespaces":
		namespace = name.Name
	case "persistentvolumes":
		namespace, _, _ = unstructured.NestedString(object.Object, "spec", "claimRef", "namespace")
	case "ipaddresses.networking.k8s.io":
		namespace, _, _ = unstructured.NestedString(object.Object, "spec", "parentRef", "namespace")
	}
	return g.isAway(namespace)
}

// isAway tells whether a namespace is no part of the test.
func (g *Guard) isAway(namespace string) bool {
	return namespace != "" && g.elsewhere != nil && g.elsewhere(namespace)
}

// mayBe tells whether the operator may make a request. after are the objects that there are since.
func (g *Guard) mayBe(entry audit.Entry, after snapshot.Snapshot) bool {
	if entry.DryRun || g.isAway(entry.Namespace) || isUpkeep(entry) {
		return true
	}
	resource := ResourceOf(entry)
	switch resource {
	case "events", "events.events.k8s.io":
		return entry.Namespace == "" || g.isHome(entry.Namespace)
	case "persistentvolumes":
		return g.isOwnVolume(snapshot.Name{Resource: resource, Name: entry.Name}, after)
	case "barqbackupstores/status.barq.db":
		resource = "barqbackupstores.barq.db"
	case "barqclusters/status.barq.db", "barqclusters/finalizers.barq.db":
		resource = "barqclusters.barq.db"
	}
	if !entry.Writes() {
		return g.mayRead(entry, resource)
	}
	if !names(g.own, resource, entry) {
		return isCutOff(entry) && g.isHome(entry.Namespace)
	}
	// One of an administrator's under the name of one of the tenant's may be asked for in vain.
	name := snapshot.Name{Resource: resource, Namespace: entry.Namespace, Name: entry.Name}
	was := g.before[name]
	return was == nil || !g.counts(name, was) || !entry.Succeeded()
}

// isCutOff tells whether the operator was killed before the API server had read which object it wants to create. What is there is
// compared.
func isCutOff(entry audit.Entry) bool {
	return entry.Verb == "create" && entry.Name == "" && entry.Code >= http.StatusInternalServerError
}

// isOwnVolume tells whether a volume is bound to the PVC of a BarqCluster. Whose it was counts, and not whose it has become.
func (g *Guard) isOwnVolume(name snapshot.Name, after snapshot.Snapshot) bool {
	volume := g.before[name]
	if volume == nil {
		volume = after[name]
	}
	return volume != nil && !g.counts(name, volume)
}

// mayRead tells whether the operator may read what a request is for.
func (g *Guard) mayRead(entry audit.Entry, resource string) bool {
	switch {
	case entry.Name == "":
		// The caches list and watch all namespaces.
		return entry.Namespace == "" || g.isHome(entry.Namespace)
	case resource == "secrets" && g.isHome(entry.Namespace):
		// A spec may refer to any Secret of its namespace, all of which the tenant may read.
		return true
	default:
		return names(g.own, resource, entry) || names(g.reads, resource, entry)
	}
}

// names tells whether a request is for an object of some BarqCluster.
func names(all []Own, resource string, entry audit.Entry) bool {
	return slices.ContainsFunc(all, func(own Own) bool { return own.Names(resource, entry.Namespace, entry.Name) })
}

// isUpkeep tells whether a request is for the operator itself: its lease, its key, the policy that protects BarqClusters, and who reads
// its metrics.
func isUpkeep(entry audit.Entry) bool {
	switch ResourceOf(entry) {
	case "tokenreviews.authentication.k8s.io", "subjectaccessreviews.authorization.k8s.io":
		return true
	case "validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io":
		return !entry.Writes() && entry.Name == protection.DefaultName
	case "leases.coordination.k8s.io":
		return entry.Namespace == operatorprocess.Namespace
	case "secrets":
		// The key was made before the guard began.
		return entry.Namespace == operatorprocess.Namespace && (entry.Name == signing.SecretName || entry.Name == "") && !entry.Writes()
	default:
		return false
	}
}

func (g *Guard) isHome(namespace string) bool {
	return slices.ContainsFunc(g.own, func(own Own) bool { return own.Namespace == namespace })
}

// ResourceOf is the resource of a request with its subresource and group, as in statefulsets.apps.
func ResourceOf(entry audit.Entry) string {
	return schema.GroupResource{Group: entry.Group, Resource: entry.Resource}.String()
}
