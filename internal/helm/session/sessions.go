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
	"github.com/barq-db/barq-operator/internal/helm/rejection"
	"github.com/barq-db/barq-operator/internal/helm/settled"
	"github.com/barq-db/barq-operator/internal/helm/storage"
)

// Options are what sessions work with.
type Options struct {
	// Helm opens Helm's actions.
	Helm Helm
	// Chart is the chart of the releases.
	Chart *chart.Chart
	// Secrets is a cache of the metadata of Secrets.
	Secrets client.Reader
	// Owned reads and writes what the chart renders.
	Owned *owned.Objects
	// Objects compares and deletes it.
	Objects Objects
	// Capabilities are those of the API server.
	Capabilities Capabilities
	// StatefulSets gets the versions of those that are written.
	StatefulSets *clusters.Versions
	// Rollouts paces those that the spec does not ask for.
	Rollouts Rollouts
	// Retention decides about the volumes of a BarqCluster that goes.
	Retention Retention
	// Events is told why pods restart; nil for no one.
	Events events.EventRecorder
	// Awaiting tells the status why an attempt has failed.
	Awaiting *rejection.Awaiting
}

// Helm opens Helm's actions for one reconcile. *library.Library does.
type Helm interface {
	Open(ctx context.Context, cluster client.Object, facts *library.Facts) (helmclient.ActionInterface, error)
}

// Capabilities are what is remembered of the API server. *capabilities.Cache does.
type Capabilities interface {
	// Known returns the sum of what is remembered, while it is believed.
	Known() (sum [32]byte, believed bool)
}

// Rollouts paces rollouts that the spec does not ask for. *rollout.Queue does.
type Rollouts interface {
	// Begin asks for a slot; without one the rollout has to wait. change says what it is for.
	Begin(ctx context.Context, cluster client.Object, change string) (bool, error)
	// Resume takes a slot for a rollout that cannot be held back any more.
	Resume(cluster client.Object)
	// Hold tells that a rollout waits because data is at risk.
	Hold(cluster client.Object)
	// Made tells which revision was made with the slot.
	Made(cluster client.Object, revision int)
	// Leave tells that nothing waits any more.
	Leave(cluster types.UID)
}

// Retention makes of the volumes of a BarqCluster that is deleted what its newest spec says. *retention.Settler does.
type Retention interface {
	// Keep is called before the objects of the release go. An error keeps them.
	Keep(ctx context.Context, cluster client.Object) error
	// Delete is called when they are gone, or go with the BarqCluster. An error keeps the BarqCluster.
	Delete(ctx context.Context, cluster client.Object) error
}

// Sessions gives each reconcile a session of its own. It remembers between them what was settled, refused and written.
type Sessions struct {
	Options
	settled *settled.Releases
	refused *rejection.Cache
	written *storage.Writes
}

// New returns sessions that remember nothing yet.
func New(options Options, now clock.Clock) *Sessions {
	return &Sessions{Options: options, settled: settled.New(), refused: rejection.NewCache(now), written: storage.NewWrites(now)}
}

// ActionClientFor returns the session of one reconcile of one BarqCluster.
func (s *Sessions) ActionClientFor(ctx context.Context, cluster client.Object) (helmclient.ActionInterface, error) {
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

// forget is for a BarqCluster that goes.
func (s *Sessions) forget(cluster client.Object) {
	uid := cluster.GetUID()
	s.settled.Delete(uid)
	s.refused.Delete(uid)
	s.Objects.Forget(uid)
	s.Awaiting.Note(uid, false)
	s.Rollouts.Leave(uid)
	s.StatefulSets.Wrote(client.ObjectKeyFromObject(cluster), "")
}
