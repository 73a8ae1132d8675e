package session

import (
	"errors"
	"time"

	"github.com/barq-db/barq-operator/internal/helm/kubeclient"
	"github.com/barq-db/barq-operator/internal/helm/owned"
	"github.com/barq-db/barq-operator/internal/helm/rejection"
)

// refusal returns the error with which what is to be applied now was refused before, or nil.
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

// awaitedFor is how long the operator waits for an object to go before it looks again. It is told of most of them at once.
const awaitedFor = 10 * time.Second

// judged returns the error of an attempt with the time of the next one. A refusal is remembered, and forgotten after anything else.
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
	// Of what cannot be read, and of an install that was not rendered here, the next reconcile tries once more.
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
