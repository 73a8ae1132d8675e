package session

import (
	"context"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/chart"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/library"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/records"
	"github.com/barq-db/barq-operator/internal/helm/rejection"
	"github.com/barq-db/barq-operator/internal/helm/settled"
)

// Options are what all sessions use.
type Options struct {
	// Helm opens Helm's actions.
	Helm Helm
	// Chart is the chart of the releases.
	Chart *chart.Chart
	// Secrets is a cache of the metadata of Secrets.
	Secrets client.Reader
	// Owned reads and writes the objects that the chart renders.
	Owned *owned.Objects
	// Objects compares and deletes them.
	Objects Objects
	// Capabilities are those of the API server.
	Capabilities Capabilities
	// StatefulSets records the versions of the StatefulSets that a session writes.
	StatefulSets *clusters.Versions
	// Rollouts paces the rollouts that the spec does not ask for.
	Rollouts Rollouts
	// Retention decides about the volumes of a BarqCluster that is deleted.
	Retention Retention
	// Events records why pods restart; nil records nothing.
	Events events.EventRecorder
	// Reasons tell the status why a reconcile ended.
	Reasons Reasons
}

// Helm opens Helm's actions for one reconcile. *library.Library implements it.
type Helm interface {
	Open(ctx context.Context, cluster client.Object, facts *library.Facts) (helmclient.ActionInterface, error)
}

// Capabilities are what the operator remembers of the API server. *capabilities.Cache implements it.
type Capabilities interface {
	// Known returns the sum of what is remembered. believed is false when the API server has to be asked again.
	Known() (sum [32]byte, believed bool)
}

// Reasons tell the status why a reconcile ended. *releasestatus.Reasons implements it.
type Reasons interface {
	rejection.Reasons
	// Forget removes what an earlier reconcile has noted.
	Forget(cluster types.UID)
}

// Rollouts paces rollouts that the spec does not ask for. *rollout.Queue implements it.
type Rollouts interface {
	// Begin asks for a slot; the rollout waits if it returns false. change says what the rollout is for.
	Begin(ctx context.Context, cluster client.Object, change string) (bool, error)
	// Resume takes a slot for a rollout that has begun already.
	Resume(cluster client.Object)
	// Hold records that a rollout waits because data is at risk.
	Hold(cluster client.Object)
	// Made records the number of the revision for which the slot was used.
	Made(cluster client.Object, revision int)
	// Leave records that the BarqCluster has no rollout that waits.
	Leave(cluster types.UID)
}

// Retention applies the newest spec to the volumes of a BarqCluster that is deleted. *retention.Settler implements it.
type Retention interface {
	// Keep is called before the objects of the release are deleted. If it fails, they stay.
	Keep(ctx context.Context, cluster client.Object) error
	// Delete is called when the objects are gone, or will be deleted with the BarqCluster. If it fails, the BarqCluster
	// stays.
	Delete(ctx context.Context, cluster client.Object) error
}

// Sessions creates a session for each reconcile. Between reconciles it remembers what was settled, refused and written.
type Sessions struct {
	Options
	settled *settled.Releases
	refused *rejection.Refusals
	written *records.Writes
}

// New returns sessions that remember nothing yet.
func New(options Options, now clock.Clock) *Sessions {
	return &Sessions{
		Options: options, settled: settled.New(), refused: rejection.New(now, options.Objects, options.Reasons), written: records.NewWrites(now),
	}
}

// ActionClientFor returns the session of one reconcile of one BarqCluster (assumption 1 of the package).
func (s *Sessions) ActionClientFor(ctx context.Context, cluster client.Object) (helmclient.ActionInterface, error) {
	s.Reasons.Forget(cluster.GetUID())
	session := &Session{sessions: s, ctx: ctx, cluster: cluster}
	session.facts.Records.Conflicted = func() bool { return session.facts.Objects.Conflicted }
	session.facts.Records.Admits = session.admits
	if err := session.findRecords(); err != nil {
		return nil, err
	}
	if session.deleting() {
		s.forget(cluster)
		return session, session.open()
	}
	return session, session.begin()
}

// forget removes what is remembered of a BarqCluster that is deleted.
func (s *Sessions) forget(cluster client.Object) {
	uid := cluster.GetUID()
	s.settled.Delete(uid)
	s.refused.Forget(uid)
	s.Objects.Forget(uid)
	s.Rollouts.Leave(uid)
	s.StatefulSets.Wrote(client.ObjectKeyFromObject(cluster), "")
}
