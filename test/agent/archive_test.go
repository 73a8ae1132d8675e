//go:build linux

package agent

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

// shipped is how an agent is started that writes to an archive in two folders.
type shipped struct {
	path, warm, cold string
}

func newShipped(t *testing.T) *shipped {
	t.Helper()
	return &shipped{path: "team/things/0b9bd8a4-1", warm: t.TempDir(), cold: t.TempDir()}
}

// flags are those that say where the archive is.
func (s *shipped) flags(more ...string) []string {
	return append([]string{
		"--archive-path", s.path, "--archive-ordinal", "0", "--max-lag", "1s",
		"--warm-provider", "folder", "--warm-bucket", s.warm, "--cold-provider", "folder", "--cold-bucket", s.cold,
	}, more...)
}

// stopShipped stops it, after which the archive has all.
func (a *agent) stopShipped() {
	a.t.Helper()
	a.stop()
	require.Empty(a.t, a.lines("the archive does not have the last writes. They are on the disk"))
}

// emptied removes all that is on a volume.
func emptied(t *testing.T, data string) {
	t.Helper()
	entries, err := os.ReadDir(data)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, os.RemoveAll(data+"/"+entry.Name()))
	}
}

func TestALostVolumeComesBack(t *testing.T) {
	s := newShipped(t)
	a := serve(t, how{flags: s.flags()})
	a.fill(500)
	a.stopShipped()
	emptied(t, a.data)
	again := serve(t, how{data: a.data, flags: s.flags()})
	again.requireDocuments(500)
	require.Len(t, again.lines("the data are restored"), 1)
	again.stopShipped()

	// With its data it does not restore them again.
	third := serve(t, how{data: a.data, flags: s.flags()})
	third.requireDocuments(500)
	require.Empty(t, third.lines("the data are restored"))
	third.stopShipped()
}

// The volume is thrown away at every other kill, and each write that was answered comes back from the buckets. Meanwhile logs are
// moved and compacted, chunks become one and move to the cold tier, and restores are killed too.
func TestNoArchivedWriteIsLostWithTheVolume(t *testing.T) {
	folders := newShipped(t)
	stores := map[string]func(t *testing.T) []string{"folders": func(*testing.T) []string { return folders.flags() }}
	for name, providers := range kinds {
		stores[name] = func(t *testing.T) []string {
			t.Helper()
			warm := newBucket(t, providers[0])
			// Both tiers may be in one bucket.
			cold := warm
			if providers[1] != "" {
				cold = newBucket(t, providers[1])
			}
			return append(warm.tiered("--max-lag", "1s"), cold.flags("cold")...)
		}
	}
	for name, flags := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills := 4
			if name == "folders" {
				kills = 10
			}
			killAndThrowAway(t, flags(t), killsOr(t, kills))
		})
	}
	t.Cleanup(func() {
		if !t.Failed() {
			require.Positive(t, files(t, folders.cold))
		}
	})
}

func killAndThrowAway(t *testing.T, flags []string, kills int) {
	t.Helper()
	archived := func(data, coldAfter string) how {
		return killed(t, data, append(slices.Clone(flags), "--commit", "--commit-to-archive", "--cold-after", coldAfter)...)
	}
	first := serve(t, how{flags: flags})
	first.fill(0)
	first.stopShipped()
	l := newLedger()
	l.isDiskLost = true
	next, thrown, interrupted, moved, compacted := 1, 0, 0, 0, 0
	for kill := range kills {
		if kill%2 == 1 {
			emptied(t, first.data)
			thrown++
			for range rand.IntN(3) {
				a := launch(t, archived(first.data, "0s"))
				time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
				_ = syscall.Kill(a.pid, syscall.SIGKILL)
				a.code()
				interrupted++
			}
		}
		// All moves at once, or after a while.
		a := serve(t, archived(first.data, []string{"0s", "1s"}[kill/2%2]))
		l.check(a)
		l.writeUntil(a, next, a.kill)
		next += 1_000_000
		moved += len(a.lines("a log has become a segment"))
		compacted += len(a.lines("the segments are compacted"))
	}
	emptied(t, first.data)
	last := serve(t, archived(first.data, "0s"))
	l.check(last)
	last.stopShipped()
	t.Logf("%d kills, %d volumes thrown away, %d starts interrupted, %d writes answered, %d logs moved, %d compactions", kills, thrown, interrupted, l.answered, moved, compacted)
	require.Positive(t, l.answered)
}

// The archive of a database that is deleted stays as it is when another one gets its name, in this cluster or in another one.
func TestTwoDatabasesOfOneName(t *testing.T) {
	former := newShipped(t)
	a := serve(t, how{flags: former.flags()})
	a.fill(100)
	a.stopShipped()
	before := contents(t, former.warm)

	latter := *former
	latter.path = "team/things/7c1f0000-2"
	b := serve(t, how{flags: latter.flags()})
	b.fill(10)
	b.stopShipped()
	after := contents(t, former.warm)
	for name := range after {
		if strings.Contains(name, "7c1f0000-2") {
			delete(after, name)
		}
	}
	require.Equal(t, before, after)

	// Its name and uid find the former one, for a database that has no archive yet, and nothing of it changes.
	third := *former
	third.path = "team/things/99990000-3"
	c := serve(t, how{flags: third.flags("--recover-from", "team/things/0b9bd8a4-1")})
	c.requireDocuments(100)
	c.insert(101)
	c.stopShipped()
	again := contents(t, former.warm)
	for name, content := range before {
		require.Equal(t, content, again[name], "%s", name)
	}
	// It has an archive of its own now.
	emptied(t, c.data)
	d := serve(t, how{data: c.data, flags: third.flags("--recover-from", "team/things/0b9bd8a4-1")})
	d.requireDocuments(101)
	d.stopShipped()
}

// What a database is to be recovered from has to be known, or it does not start.
func TestWhatCannotBeRecovered(t *testing.T) {
	s := newShipped(t)
	for number := range 2 {
		s.path = fmt.Sprintf("team/things/uid-%d", number)
		a := serve(t, how{flags: s.flags()})
		a.fill(number + 1)
		a.stopShipped()
	}
	s.path = "team/others/uid-3"
	for from, message := range map[string]string{
		"team/things":       "2 databases had the name team/things; add the uid of one of them: uid-0, uid-1",
		"team/nothing":      "there is no archive of it: team/nothing",
		"team/things/uid-9": "there is no archive of it: team/things/uid-9/0",
	} {
		a := launch(t, how{flags: s.flags("--recover-from", from)})
		require.Equal(t, 1, a.code())
		require.Equal(t, v1.Termination{Reason: v1.ReasonNothingToRecover, Message: "The data cannot be recovered: " + message + ". Correct spec.bootstrap.recovery."}, a.said())
	}
	s.path = "team/things/uid-3"
	a := launch(t, how{flags: s.flags("--recover-from", "team/things/uid-1")})
	a.eventually("it serves", func() bool { return a.Health(t.Context()) == nil })
	a.requireDocuments(2)
	a.stopShipped()
}

// A volume that comes back after another one has taken its place, as from a node that was cut off, does not go on with the archive. Neither does
// an agent that still runs there.
func TestAVolumeThatComesBackDoesNotWriteTheArchive(t *testing.T) {
	s := newShipped(t)
	asked := newAskable(t)
	former := serve(t, how{door: true, flags: s.flags(asked.flags()...)})
	former.fill(10)
	// PendingBytes is what the last look found, which may have been before the last write.
	filled := time.Now()
	former.eventually("the archive has all", func() bool {
		found := asked.archive(t)
		return found != nil && found.RecoverableUntil != nil && found.RecoverableUntil.After(filled)
	})
	require.Equal(t, v1.ArchiveShipping, asked.archive(t).Reason)

	latter := serve(t, how{flags: s.flags()})
	latter.requireDocuments(10)
	latter.insert(11)
	latter.stopShipped()

	// It goes on for those who write to the disk.
	former.insert(12)
	former.eventually("it knows", func() bool { return asked.archive(t).Reason == v1.ArchiveFenced })
	former.insert(13)
	former.stop()
	back := serve(t, how{data: former.data, flags: s.flags()})
	back.eventually("it knows after a start too", func() bool {
		return len(back.lines("the archive does not get what was written")) > 0
	})
	back.stop()

	third := serve(t, how{flags: s.flags()})
	missing, err := third.Missing(t.Context(), "things", client.Number(11), client.Number(12), client.Number(13))
	require.NoError(t, err)
	require.Equal(t, []client.ID{client.Number(12), client.Number(13)}, missing)
	third.stopShipped()
}

// The server is told of no tier, because with one on s3 it exits at its start.
func TestTheServerIsNotToldOfTiers(t *testing.T) {
	withheld := []string{
		"BARQ_TIERING_ENABLED", "BARQ_WARM_TIER_PROVIDER", "BARQ_WARM_TIER_BUCKET", "BARQ_COLD_TIER_PROVIDER", "BARQ_COLD_TIER_BUCKET", "BARQ_S3_BUCKET", "BARQ_GCS_BUCKET",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL_S3",
		"GOOGLE_APPLICATION_CREDENTIALS_JSON", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCESS_KEY",
	}
	for _, name := range append(withheld, "OTHER") {
		t.Setenv(name, "s3")
	}
	a := serve(t, how{flags: newShipped(t).flags()})
	environment := strings.Split(content(t, fmt.Sprintf("/proc/%d/environ", a.server())), "\x00")
	for _, name := range withheld {
		require.NotContains(t, environment, name+"=s3")
	}
	require.Contains(t, environment, "OTHER=s3")
	a.stop()
}

// An archive with a key tells nothing without it, and comes back with it.
func TestAnEncryptedArchive(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(identity.String()+"\n"), 0o600))
	s := newShipped(t)
	a := serve(t, how{flags: s.flags("--archive-key", key)})
	a.fill(50)
	a.stopShipped()
	for name, content := range contents(t, s.warm) {
		if !strings.Contains(name, "_databases") && !strings.HasSuffix(name, "/probe") {
			require.Contains(t, content, "age-encryption.org/v1", "%s", name)
		}
	}
	emptied(t, a.data)
	without := launch(t, how{data: a.data, flags: s.flags()})
	without.eventually("it says so", func() bool { return len(without.lines("the data are not restored yet")) > 0 })
	require.Error(t, without.Health(t.Context()))
	without.signal(syscall.SIGTERM)
	without.code()
	again := serve(t, how{data: a.data, flags: s.flags("--archive-key", key)})
	again.requireDocuments(50)
	again.stopShipped()
}

// contents returns what is in the files below a folder.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		found[name] = string(content)
		return err
	}))
	return found
}

// files counts the files below a folder.
func files(t *testing.T, folder string) int {
	t.Helper()
	return len(contents(t, folder))
}
