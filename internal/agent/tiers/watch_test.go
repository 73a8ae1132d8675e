package tiers_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/objectstore"
)

// slow is a store that takes long for a content. It answers what is asked besides, or nothing.
type slow struct {
	objectstore.Store

	upload   time.Duration
	isSilent bool
	asked    int
}

func (s *slow) Create(ctx context.Context, _ string, _ io.ReadSeeker) error {
	return wait(ctx, s.upload)
}

func (s *slow) Attributes(ctx context.Context, _ string) (objectstore.Attributes, error) {
	s.asked++
	if s.isSilent {
		return objectstore.Attributes{}, wait(ctx, time.Hour)
	}
	return objectstore.Attributes{}, &objectstore.Error{Reason: objectstore.NotFound, Operation: "look at"}
}

func wait(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}

// reasons returns what is said of a bucket, and when it changes, while it takes 118 seconds for a content.
func reasons(t *testing.T, store *slow) (said []string, at []time.Duration) {
	t.Helper()
	store.upload = 118 * time.Second
	both := &tiers.Tiers{First: tiers.NewTier("warm", "s3", store)}
	began := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	go both.Watch(ctx, archive.Path("team/things/uid/0"), 5*time.Second, func(now time.Time) {
		reason, _ := both.Why(nil, now)
		assert.Equal(t, reason, both.Status(now)[0].Reason)
		if len(said) == 0 || said[len(said)-1] != reason {
			said, at = append(said, reason), append(at, now.Sub(began))
		}
	})
	require.NoError(t, both.First.Create(ctx, "key", strings.NewReader("a content")))
	time.Sleep(time.Minute)
	stop()
	synctest.Wait()
	return said, at
}

// A bucket that takes long for a large content is none that does not answer.
func TestASlowBucketAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{}
		said, _ := reasons(t, store)
		require.Equal(t, []string{v1.TierReachable}, said)
		require.InDelta(t, 22, store.asked, 3, "it is asked each 5 seconds, and not once it has done what was asked")
	})
}

func TestABucketThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said, at := reasons(t, &slow{isSilent: true})
		require.Equal(t, []string{v1.TierReachable, v1.TierUnreachable, v1.TierReachable}, said)
		require.Equal(t, []time.Duration{5 * time.Second, 15 * time.Second, 2 * time.Minute}, at)
	})
}
