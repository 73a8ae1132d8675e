package audit_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/bench/audit"
)

const (
	patched = `{"stage":"ResponseComplete","verb":"patch","user":{"username":"a"},"objectRef":{"resource":"barqclusters","subresource":"status","namespace":"one"},"requestReceivedTimestamp":"2026-01-02T03:04:05.678901Z"}` + "\n"
	got     = `{"stage":"ResponseComplete","verb":"get","user":{"username":"a"},"objectRef":{"resource":"services","namespace":"two"},"requestReceivedTimestamp":"2026-01-02T03:04:06.000000Z"}` + "\n"
	openAPI = `{"stage":"ResponseComplete","verb":"get","user":{"username":"a"},"requestURI":"/openapi/v3?timeout=32s","requestReceivedTimestamp":"2026-01-02T03:04:07.000000Z"}` + "\n"
	other   = `{"stage":"ResponseComplete","verb":"get","user":{"username":"b"},"objectRef":{"resource":"services"},"requestReceivedTimestamp":"2026-01-02T03:04:08.000000Z"}` + "\n"
	watched = `{"stage":"ResponseStarted","verb":"watch","user":{"username":"a"},"objectRef":{"resource":"pods"},"requestReceivedTimestamp":"2026-01-02T03:04:05.000000Z"}` + "\n"
	ended   = `{"stage":"ResponseComplete","verb":"watch","user":{"username":"a"},"objectRef":{"resource":"pods"},"requestReceivedTimestamp":"2026-01-02T03:04:05.000000Z"}` + "\n"
	lease   = `{"stage":"ResponseComplete","verb":"update","user":{"username":"a"},"objectRef":{"resource":"leases"},"requestReceivedTimestamp":"2026-01-02T03:04:09.000000Z"}` + "\n"
)

func TestALogIsCountedAsItGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	file, err := os.Create(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	write := func(text string) {
		_, err := file.WriteString(text)
		require.NoError(t, err)
	}
	log, err := audit.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })

	write(watched + patched + other + patched + got[:20])
	before, err := log.Counts("a")
	require.NoError(t, err)
	require.Equal(t, audit.Counts{{Verb: "patch", Resource: "barqclusters/status"}: 2, {Verb: "watch", Resource: "pods"}: 1}, before)

	write(got[20:] + openAPI + ended + lease)
	after, err := log.Counts("a")
	require.NoError(t, err)
	since := after.Since(before)
	require.Equal(t, audit.Counts{
		{Verb: "get", Resource: "services"}: 1, {Verb: "get", Resource: "/openapi/v3"}: 1, {Verb: "update", Resource: "leases"}: 1,
	}, since)
	require.Equal(t, 2, since.Total(), "without the lease")
	require.Zero(t, since.Writes(), "without the lease")
	require.Equal(t, 4, after.Total())
	require.Equal(t, 2, after.Writes())

	none := audit.Counts{
		{Verb: "watch", Resource: "pods"}: 1, {Verb: "get", Resource: "/openapi/v3"}: 1, {Verb: "update", Resource: "leases"}: 1,
	}
	of, err := log.CountsOf("a")
	require.NoError(t, err)
	require.Equal(t, none, of)
	of, err = log.CountsOf("a", "two", "three")
	require.NoError(t, err)
	require.Equal(t, audit.Counts{{Verb: "get", Resource: "services"}: 1}, of.Since(none))

	last, err := log.LastRequest("a")
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC), last.UTC(), "of a request that is work")

	write("{\n")
	_, err = log.Counts("a")
	require.ErrorContains(t, err, path)
}

func TestTheMostFrequentComeFirst(t *testing.T) {
	get, list, patch := audit.Request{Verb: "get", Resource: "b"}, audit.Request{Verb: "list", Resource: "a"}, audit.Request{Verb: "patch", Resource: "b"}
	require.Equal(t, []audit.Request{patch, list, get}, audit.Counts{get: 1, list: 1, patch: 2}.Requests())
}

func TestPolicy(t *testing.T) {
	policy, err := audit.Policy("a", "b")
	require.NoError(t, err)
	require.Equal(t, `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
- RequestReceived
rules:
- level: Metadata
  users:
  - a
  - b
- level: None
`, string(policy))
}

func TestATrailTellsObjects(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	file, err := os.Create(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	write := func(text string) {
		_, err := file.WriteString(text)
		require.NoError(t, err)
	}
	write(patched)
	trail, err := audit.OpenTrail(path, "a")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, trail.Close()) })

	const made = `{"stage":"ResponseComplete","verb":"create","user":{"username":"a"},"requestURI":"/apis/apps/v1/namespaces/n/statefulsets?dryRun=All&x=y",` +
		`"objectRef":{"apiGroup":"apps","resource":"statefulsets","namespace":"n","name":"db"},"responseStatus":{"code":201}}` + "\n"
	write(other + openAPI + made[:30])
	found, err := trail.Entries()
	require.NoError(t, err)
	require.Empty(t, found)
	write(made[30:])
	found, err = trail.Entries()
	require.NoError(t, err)
	require.Equal(t, []audit.Entry{{
		Request: audit.Request{Verb: "create", Resource: "statefulsets"}, Group: "apps", Namespace: "n", Name: "db", Code: 201, DryRun: true,
	}}, found)
	require.True(t, found[0].Succeeded())

	write("{\n")
	_, err = trail.Entries()
	require.ErrorContains(t, err, path)
}
