//go:build linux

package shipping

import (
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// A write may wait for lagFactor times the longest lag and lagPatience before the archive counts as lagging.
const (
	lagFactor   = 2
	lagPatience = 5 * time.Second
)

// lookInterval is the time between two looks at whether the buckets answer, which is known before the pass ends that asks them.
const lookInterval = 5 * time.Second

// tell takes note of what came of a pass.
func (s *Shipper) tell(err error) {
	if err == nil {
		s.said = ""
	} else if text := err.Error(); text != s.said {
		s.said = text
		s.Log.Error("the archive does not get what was written", "archive", s.Path, "error", err)
	}
	s.lock.Lock()
	s.failed = err
	s.lock.Unlock()
	s.report(time.Now())
}

// report reports what is known now.
func (s *Shipper) report(now time.Time) {
	s.lock.Lock()
	defer s.lock.Unlock()
	reason, message := s.Tiers.Why(s.failed, now)
	if reason == v1.TierReachable {
		reason = v1.ArchiveShipping
		if oldest := s.status.OldestUnshipped; oldest != nil && now.Sub(*oldest) > lagFactor*s.MaxLag+lagPatience {
			reason, message = v1.ArchiveLagging, "there is more to write than the store takes"
		}
	}
	if s.status.Reason != reason {
		s.status.Reason, s.status.Since = reason, now.UTC()
	}
	s.status.Message = message
	tiersNow := s.Tiers.Status(now)
	for i := range tiersNow {
		for _, before := range s.status.Tiers {
			if before.Name == tiersNow[i].Name {
				tiersNow[i].Objects, tiersNow[i].Bytes = before.Objects, before.Bytes
			}
		}
	}
	s.status.Tiers = tiersNow
	s.Report(s.status)
}

func (s *Shipper) isComplete() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.status.PendingBytes == 0
}

// reportPending takes note of what is not in the archive.
func (s *Shipper) reportPending(all []looked) {
	pending := int64(0)
	for _, found := range all {
		pending += found.pending
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.status.PendingBytes = pending
	if pending == 0 || s.status.OldestUnshipped != nil {
		return
	}
	oldest := s.status.Since
	if s.status.RecoverableUntil != nil {
		oldest = *s.status.RecoverableUntil
	}
	s.status.OldestUnshipped = &oldest
}

// reportRound takes note of what is in the archive.
func (s *Shipper) reportRound(last archive.Round, began time.Time, complete, wrote bool) {
	var objects, stored [2]int64
	for _, of := range last.State {
		for _, chunk := range of.Chunks {
			tier := 0
			if chunk.Cold && s.Tiers.Second != nil {
				tier = 1
			}
			objects[tier]++
			stored[tier] += chunk.Stored
		}
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.status.Epoch = last.Epoch
	if complete {
		until := began.UTC()
		s.status.RecoverableUntil, s.status.OldestUnshipped, s.status.PendingBytes = &until, nil, 0
	}
	if wrote {
		now := time.Now().UTC()
		s.status.LastShipped = &now
	}
	s.status.Tiers = s.Tiers.Status(time.Now())
	for i := range s.status.Tiers {
		s.status.Tiers[i].Objects, s.status.Tiers[i].Bytes = objects[i], stored[i]
	}
}
