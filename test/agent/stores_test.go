//go:build linux

package agent

import (
	cryptorand "crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/agentcert"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// askable is where the operator would ask an agent.
type askable struct {
	address, folder string
	authority       *agentcert.Authority
}

func newAskable(t *testing.T) *askable {
	t.Helper()
	a := &askable{address: ownAddress(), folder: t.TempDir(), authority: newAuthority(t)}
	issue(t, a.folder, a.authority)
	return a
}

func (a *askable) flags() []string {
	return []string{"--api-address", agentAt(a.address), "--api-certificates", a.folder}
}

// archive returns what an agent says of the archive.
func (a *askable) archive(t *testing.T) *v1.Archive {
	t.Helper()
	status, err := ask(a.address, a.authority, uid)
	require.NoError(t, err)
	return status.Archive
}

// bucket is one of a real server, behind a proxy that makes faults.
type bucket struct {
	*objectservers.Proxy
	server  *objectservers.Server
	options objectstore.Options
}

func newBucket(t *testing.T, provider objectstore.Provider) *bucket {
	t.Helper()
	server := objectservers.ForTest(t, root, provider)
	require.NoError(t, server.CreateBucket(t.Context(), "things"))
	proxy, err := server.Proxy("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = proxy.Close() })
	b := &bucket{Proxy: proxy, server: server, options: proxy.Options("things")}
	b.options.Credentials = t.TempDir()
	require.NoError(t, objectservers.WriteSecret(b.options.Credentials, server.Secret()))
	return b
}

// flags are those of the agent for a tier in the bucket.
func (b *bucket) flags(tier string) []string {
	found := []string{
		"--" + tier + "-provider", string(b.options.Provider), "--" + tier + "-bucket", b.options.Bucket, "--" + tier + "-endpoint", b.options.Endpoint,
		"--" + tier + "-credentials", b.options.Credentials, "--" + tier + "-region", b.options.Region,
	}
	if b.options.ForcePathStyle {
		found = append(found, "--"+tier+"-path-style")
	}
	return found
}

// kinds are the stores of warm and cold: three of one provider, and one of two.
var kinds = map[string][2]objectstore.Provider{
	"s3":    {objectstore.S3, ""},
	"gcs":   {objectstore.GCS, ""},
	"azure": {objectstore.Azure, ""},
	"mixed": {objectstore.S3, objectstore.Azure},
}

// load is clients that write all the time, each documents of its own.
type load struct {
	// slowest is the longest that a write took since it was looked at last, in nanoseconds, and answered counts them.
	slowest  atomic.Int64
	answered atomic.Int64
	failed   atomic.Value
	stop     chan struct{}
	group    sync.WaitGroup
	// last has the number of the last document of each client that was answered.
	last [3]uint64
}

// startLoad has some clients write until it is stopped, not as fast as they can.
func startLoad(t *testing.T, a *agent) *load {
	t.Helper()
	l := &load{stop: make(chan struct{})}
	for writer := range l.last {
		l.group.Go(func() {
			for number := uint64(1); ; number++ {
				select {
				case <-l.stop:
					return
				case <-time.After(20 * time.Millisecond):
				}
				began := time.Now()
				err := a.Insert(t.Context(), "things", client.Document{
					ID: idOf(writer, number), Vector: []float32{float32(number), 0}, Payload: map[string]any{"text": text(400)},
				})
				if err != nil {
					l.failed.Store(err)
					return
				}
				for took, slowest := int64(time.Since(began)), l.slowest.Load(); took > slowest && !l.slowest.CompareAndSwap(slowest, took); slowest = l.slowest.Load() {
				}
				l.last[writer] = number
				l.answered.Add(1)
			}
		})
	}
	return l
}

func idOf(writer int, number uint64) client.ID {
	return client.Number(uint64(writer)*1_000_000 + number)
}

// documents returns the ids of those that were answered.
func (l *load) documents() []client.ID {
	var ids []client.ID
	for writer, last := range l.last {
		for number := range last {
			ids = append(ids, idOf(writer, number+1))
		}
	}
	return ids
}

func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.group.Wait()
	require.Nil(t, l.failed.Load())
}

// reasonPatience is how long it may take until the reason for a fault is known, and until it is gone.
const reasonPatience = 30 * time.Second

// Whatever is wrong with a store, the database takes writes as fast as before, the reason is told, and the archive gets all once the
// store is well.
func TestStoresThatFail(t *testing.T) {
	for name, providers := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			warm := newBucket(t, providers[0])
			flags := append([]string{"--archive-path", "team/things/uid", "--archive-ordinal", "0", "--max-lag", "2s", "--cold-after", "0s", "--commit"}, warm.flags("warm")...)
			failing := warm
			if providers[1] != "" {
				// What fails is the tier that old data moves to.
				failing = newBucket(t, providers[1])
				flags = append(flags, failing.flags("cold")...)
			}
			asked := newAskable(t)
			a := serve(t, how{door: true, flags: append(flags, asked.flags()...)})
			a.fill(0)
			l := startLoad(t, a)
			await := func(what string, check func(*v1.Archive) bool) time.Duration {
				t.Helper()
				began := time.Now()
				var found *v1.Archive
				require.Eventually(t, func() bool {
					found = asked.archive(t)
					return found != nil && check(found)
				}, reasonPatience, 50*time.Millisecond, "%s: %s", what, found)
				return time.Since(began)
			}
			works := func(found *v1.Archive) bool {
				return found.Reason == v1.ArchiveShipping && found.RecoverableUntil != nil && time.Since(*found.RecoverableUntil) < 6*time.Second
			}
			await("it works", works)
			before := residentKiB(t, a.pid)
			for _, fault := range faultsOf(failing, failing != warm) {
				l.slowest.Store(0)
				fault.begin()
				told := await(fault.name, func(found *v1.Archive) bool {
					for _, tier := range found.Tiers {
						if fault.reason == tier.Reason {
							return true
						}
					}
					return fault.reason == found.Reason
				})
				time.Sleep(fault.hold - told)
				fault.end()
				well := await(fault.name+" ended", works)
				slowest := time.Duration(l.slowest.Load())
				t.Logf("%-22s told as %-22s after %4.1f s, well after %4.1f s, slowest write %v", fault.name, fault.reason, told.Seconds(), well.Seconds(), slowest.Round(time.Millisecond))
				// A fault lasts for five seconds at least. A busy disk takes some of a second.
				require.Less(t, slowest, 4*time.Second, "a write was held up")
			}
			after := residentKiB(t, a.pid)
			l.end(t)
			a.stopShipped()
			t.Logf("%d writes answered, the agent takes %d MiB before and %d MiB after", l.answered.Load(), before>>10, after>>10)
			require.Less(t, after, int64(100<<10))

			written := recorded(t, a.data)
			emptied(t, a.data)
			again := serve(t, how{data: a.data, flags: flags})
			// A log has no line twice, and all that were answered.
			require.Equal(t, written, recorded(t, a.data))
			require.Len(t, written, int(l.answered.Load()))
			missing, err := again.Missing(t.Context(), "things", l.documents()...)
			require.NoError(t, err)
			require.Empty(t, missing)
			again.stopShipped()
		})
	}
}

// text returns a text that cannot be compressed much.
func text(size int) string {
	content := make([]byte, size*3/4)
	// It never fails.
	_, _ = cryptorand.Read(content)
	return base64.StdEncoding.EncodeToString(content)
}

// fault is something that is wrong for a while.
type fault struct {
	name, reason string
	begin, end   func()
	// hold is how long it lasts at least.
	hold time.Duration
}

// faultsOf returns what can be wrong with a bucket.
func faultsOf(b *bucket, isCold bool) []fault {
	of := func(name, reason string, faults objectservers.Faults) fault {
		return fault{name: name, reason: reason, begin: func() { b.Set(faults) }, end: func() { b.Set(objectservers.Faults{}) }, hold: 5 * time.Second}
	}
	// What is old waits in the warm tier as long as it takes.
	slow := v1.ArchiveLagging
	if isCold {
		slow = v1.TierReachable
	}
	rejected := v1.TierCredentialsRejected
	if b.server.Provider == objectstore.Azure {
		// Azurite, unlike Azure, says so of a wrong key.
		rejected = v1.TierAccessDenied
	}
	secret := func(files map[string]string) func() {
		return func() {
			if err := objectservers.WriteSecret(b.options.Credentials, files); err != nil {
				panic(err)
			}
		}
	}
	return []fault{
		of("access denied", v1.TierAccessDenied, objectservers.Faults{Refused: objectstore.AccessDenied}),
		{name: "a rotation", reason: rejected, begin: secret(b.server.WrongSecret()), end: secret(b.server.Secret())},
		of("no bucket", v1.TierBucketMissing, objectservers.Faults{Refused: objectstore.BucketMissing}),
		of("503 always", v1.TierUnreachable, objectservers.Faults{Busy: 1}),
		of("503 at times", v1.TierReachable, objectservers.Faults{Busy: 0.3}),
		of("answers lost", v1.TierReachable, objectservers.Faults{Lost: 0.2}),
		of("cut in an upload", v1.TierUnreachable, objectservers.Faults{CutUploads: 200}),
		of("a slow link", slow, objectservers.Faults{BytesPerSecond: 30_000}),
		of("a clock an hour off", v1.TierClockSkewed, objectservers.Faults{Clock: time.Hour}),
		of("no answer", v1.TierUnreachable, objectservers.Faults{BlackHole: true}),
	}
}

// residentKiB returns how much memory a process takes.
func residentKiB(t *testing.T, pid int) int64 {
	t.Helper()
	for _, line := range strings.Split(content(t, fmt.Sprintf("/proc/%d/status", pid)), "\n") {
		if value, is := strings.CutPrefix(line, "VmRSS:"); is {
			size, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			require.NoError(t, err)
			return size
		}
	}
	require.Fail(t, "the process has no size")
	return 0
}

// A store that replaces objects would let two databases write one archive. Nothing is written to it, and the database goes on.
func TestAStoreThatReplacesObjects(t *testing.T) {
	for name, providers := range kinds {
		if providers[1] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBucket(t, providers[0])
			b.Set(objectservers.Faults{IgnoresConditions: true})
			asked := newAskable(t)
			flags := append(append(asked.flags(), b.flags("warm")...), "--archive-path", "team/things/uid", "--archive-ordinal", "0", "--max-lag", "1s")
			// Its volume has data.
			data := t.TempDir()
			first := serve(t, how{data: data})
			first.fill(3)
			first.stop()
			a := serve(t, how{data: data, door: true, flags: flags})
			a.insert(4)
			require.Eventually(t, func() bool {
				found := asked.archive(t)
				return found != nil && found.Reason == v1.TierUnconditional
			}, reasonPatience, moment)
			b.Set(objectservers.Faults{})
			require.Eventually(t, func() bool { return asked.archive(t).Reason == v1.ArchiveShipping }, reasonPatience, moment)
			a.signal(syscall.SIGTERM)
			require.Equal(t, 0, a.code())
		})
	}
}
