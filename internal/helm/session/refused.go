package session

import (
	"errors"
	"time"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/rejection"
)

// refusal returns the error of an earlier attempt to apply the same, if the API server refused it; nil otherwise.
func (s *Session) refusal() error {
	refused, left, ok := s.sessions.refused.Find(s.cluster.GetUID(), s.next.inputs)
	if !ok {
		return nil
	}
	objects, err := s.sessions.Objects.There(s.ctx, s.Config().KubeClient, s.next.manifest)
	if err != nil {
		return err
	}
	if objects != refused.Objects {
		return nil
	}
	return kubeclient.Later{Err: refused.Err, After: left}
}

// awaitedFor is how long the operator waits before it looks again for an object that is being deleted. For most
// objects, a watch starts the next reconcile at once.
const awaitedFor = 10 * time.Second

// judged returns the error of an attempt with the time of the next one. It remembers a refusal, and forgets it after
// any other result.
func (s *Session) judged(err error) error {
	var ends owned.Awaited
	waits := errors.As(err, &ends)
	s.sessions.Awaiting.Note(s.cluster.GetUID(), waits)
	if waits {
		return kubeclient.Later{Err: err, After: awaitedFor}
	}
	if !rejection.Is(err) {
		s.sessions.refused.Delete(s.cluster.GetUID())
		return err
	}
	// The next reconcile tries once more if the manifest cannot be read, or if it is unknown because an install failed.
	objects := ""
	if s.next.manifest != "" {
		if there, unreadable := s.sessions.Objects.There(s.ctx, s.Config().KubeClient, s.next.manifest); unreadable == nil {
			objects = there
		}
	}
	return kubeclient.Later{
		Err: err, After: s.sessions.refused.Put(s.cluster.GetUID(), rejection.Rejection{Inputs: s.next.inputs, Objects: objects, Err: err}),
	}
}
