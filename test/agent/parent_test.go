//go:build linux

package agent

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/ending"
	"github.com/barq-db/barq-operator/test/barqserver/client"
)

const logOfThings = "tenants/default/collections/things/wal.jsonl"

// fill makes the collection things with some documents.
func (a *agent) fill(count int) {
	a.t.Helper()
	require.NoError(a.t, a.CreateCollection(a.t.Context(), client.Collection{Name: "things", Dimension: 2, Metric: client.L2}))
	for number := 1; number <= count; number++ {
		a.insert(number)
	}
}

func (a *agent) insert(number int) {
	a.t.Helper()
	require.NoError(a.t, a.Insert(a.t.Context(), "things", client.Document{
		ID: client.Number(uint64(number)), Vector: []float32{float32(number), 0}, Payload: map[string]any{"n": "x"},
	}))
}

// requireDocuments requires that the documents 1 to count are there.
func (a *agent) requireDocuments(count int) {
	a.t.Helper()
	var ids []client.ID
	for number := 1; number <= count; number++ {
		ids = append(ids, client.Number(uint64(number)))
	}
	missing, err := a.Missing(a.t.Context(), "things", ids...)
	require.NoError(a.t, err)
	require.Empty(a.t, missing)
}

// stopTimeout is far less than the 50 s after which a server is killed, and more than a busy disk takes.
const stopTimeout = 20 * time.Second

func TestTerminationStopsTheServer(t *testing.T) {
	first := serve(t, how{})
	first.fill(100)
	began := time.Now()
	first.stop()
	require.Less(t, time.Since(began), stopTimeout)
	require.Empty(t, content(t, first.termination), "a database that was stopped has nothing to explain")

	second := serve(t, how{data: first.data})
	second.requireDocuments(100)
	second.stop()
}

// As process 1 of a container the server itself loses the signal, and is killed after the grace period.
func TestTerminationWhileTheServerReads(t *testing.T) {
	first := serve(t, how{})
	first.fill(1)
	first.stop()
	grow(t, first.data, 200_000)

	second := launch(t, how{data: first.data})
	second.server()
	began := time.Now()
	second.signal(syscall.SIGTERM)
	second.code()
	require.Less(t, time.Since(began), stopTimeout)

	third := serve(t, how{data: first.data})
	third.requireDocuments(1)
	third.stop()
}

// grow writes the one document of the log again and again.
func grow(t *testing.T, data string, lines int) {
	t.Helper()
	file := filepath.Join(data, logOfThings)
	line, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Repeat(line, lines), 0o600))
}

func TestTerminationBeforeTheServerIsStarted(t *testing.T) {
	first := serve(t, how{})
	first.fill(1)
	first.stop()
	grow(t, first.data, 500_000)

	second := launch(t, how{data: first.data})
	// It has the lock, and reads.
	second.eventually("it holds the lock", func() bool {
		return strings.Contains(content(t, filepath.Join(first.data, ".agent", "lock")), fmt.Sprintf(`"pid":%d,`, second.pid))
	})
	second.signal(syscall.SIGTERM)
	require.Equal(t, 143, second.code())
	require.Len(t, second.lines("stopped before the server was started"), 1)
	require.Empty(t, second.lines("started the server"))
}

func TestARequestThatNeverEndsDoesNotHoldIt(t *testing.T) {
	first := serve(t, how{flags: []string{"--stop-timeout", "500ms"}})
	first.fill(10)
	address := strings.TrimPrefix(first.BaseURL, "http://")
	open, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { _ = open.Close() }()
	_, err = fmt.Fprintf(open, "POST /collections HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", address)
	require.NoError(t, err)
	first.eventually("the server has the request", func() bool { return len(first.lines("started the server")) == 1 })
	time.Sleep(100 * time.Millisecond)

	first.signal(syscall.SIGTERM)
	require.Equal(t, 137, first.code())
	require.Equal(t, string(ending.Killed), first.said().Reason)
	second := serve(t, how{data: first.data})
	second.requireDocuments(10)
	second.stop()
}

func TestTheServersEndIsTheAgents(t *testing.T) {
	killed := serve(t, how{})
	require.NoError(t, syscall.Kill(killed.server(), syscall.SIGKILL))
	require.Equal(t, 137, killed.code())
	require.Equal(t, string(ending.Killed), killed.said().Reason)

	refused := launch(t, how{command: []string{serverProgram, "--addr", "nowhere"}})
	require.Equal(t, 2, refused.code())
	require.Equal(t, string(ending.Settings), refused.said().Reason)
	require.Equal(t, "--addr <ADDR> cannot be nowhere.", refused.said().Message)

	missing := launch(t, how{command: []string{"/does/not/exist"}})
	require.Equal(t, 1, missing.code())
	require.Equal(t, string(ending.Settings), missing.said().Reason)
}

func TestTheServerDoesNotOutliveTheAgent(t *testing.T) {
	a := serve(t, how{})
	server := a.server()
	a.signal(syscall.SIGKILL)
	a.code()
	a.eventually("the server has ended", func() bool {
		// It is a zombie until process 1 of the machine reaps it.
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", server))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

func TestOneProcessAtATime(t *testing.T) {
	first := serve(t, how{})
	first.fill(1)
	second := launch(t, how{data: first.data})
	require.Equal(t, 1, second.code())
	require.Equal(t, v1.ReasonDataDirectoryInUse, second.said().Reason)
	host, err := os.Hostname()
	require.NoError(t, err)
	require.Contains(t, second.said().Message, fmt.Sprintf("process %d of %s uses the data directory since 20", first.pid, host))
	first.requireDocuments(1)

	// The server has the lock too: the kernel gives up an agent's locks before it ends its children.
	held, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", first.server()))
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(held, func(file string) bool {
		target, _ := os.Readlink(file)
		return target == filepath.Join(first.data, ".agent", "lock")
	}))

	// The kernel gives the lock back, however its holders end.
	first.signal(syscall.SIGKILL)
	first.code()
	third := serve(t, how{data: first.data})
	third.requireDocuments(1)
	third.stop()
}

func TestProcessOneReapsOrphans(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a PID namespace needs root")
	}
	// Each shell leaves a child to process 1, and it ends at once.
	a := launch(t, how{
		cloneflags: syscall.CLONE_NEWPID,
		command:    []string{"sh", "-c", "for i in 1 2 3 4 5; do (sleep 0.1 &); done; exec sleep 300"},
	})
	a.server()
	a.eventually("only the server is left", func() bool {
		time.Sleep(200 * time.Millisecond)
		found, err := filepath.Glob("/proc/[0-9]*/stat")
		require.NoError(t, err)
		left := 0
		for _, file := range found {
			// It may have ended since.
			stat, _ := os.ReadFile(file)
			if fields := strings.Fields(string(stat)); len(fields) > 3 && fields[3] == strconv.Itoa(a.pid) {
				left++
			}
		}
		return left == 1
	})
	a.signal(syscall.SIGTERM)
	require.Equal(t, 130, a.code(), "the command ends by SIGINT")
}
