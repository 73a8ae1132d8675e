package session

import (
	"fmt"

	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/admission"
	"github.com/barq-db/barq-operator/internal/helm/upgrade"
)

// admits refuses a revision that cannot be stored or applied, and notes why it restarts pods.
func (s *Session) admits(rendered *release.Release) error {
	helm, ok := s.Config().KubeClient.(admission.Helm)
	if !ok {
		return fmt.Errorf("trying a revision with %T: only the operator's client is expected here", s.Config().KubeClient)
	}
	trial := admission.Trial{Cluster: s.cluster, Helm: helm, History: s.Config().Releases, Owned: s.sessions.Owned}
	restart, err := trial.Admits(s.ctx, rendered)
	if err != nil || len(restart.Fields) == 0 {
		return err
	}
	why := upgrade.Cause(restart.Fields, restart.Secrets, s.next.plan, s.known.asked.Generation, upgrade.WasQueued(s.cluster))
	s.facts.Objects.Cause, err = clusters.NewCause(restart.Template, why)
	return err
}

// tellsRestart records an event with the reason why the upgrade restarts pods.
func (s *Session) tellsRestart() {
	why := s.facts.Objects.Cause.Why
	if s.sessions.Events == nil || why == "" {
		return
	}
	s.sessions.Events.Eventf(s.cluster, nil, corev1.EventTypeNormal, v1alpha1.ReasonRollingOut, "Upgrade",
		"the pods are replaced, because %s", why)
}
