//go:build linux

package report

import (
	"sync"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// Report is what is known. Its methods may be called at the same time.
type Report struct {
	lock   sync.Mutex
	status v1.Status
}

// Change changes what is known.
func (r *Report) Change(change func(*v1.Status)) {
	r.lock.Lock()
	defer r.lock.Unlock()
	change(&r.status)
}

// Status returns what is known. What its pointers lead to does not change.
func (r *Report) Status() v1.Status {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.status
}
