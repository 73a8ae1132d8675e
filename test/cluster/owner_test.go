package cluster

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDirectoryHasOneOwner(t *testing.T) {
	d := directory(filepath.Join(t.TempDir(), "cluster"))
	running, err := Find(string(d))
	require.NoError(t, err)
	require.Nil(t, running, "a directory that does not exist")

	held, err := d.own()
	require.NoError(t, err)
	_, err = d.own()
	require.EqualError(t, err, fmt.Sprintf("a cluster runs in %s already, owned by process %d", d, os.Getpid()))
	running, err = Find(string(d))
	require.NoError(t, err)
	require.Equal(t, os.Getpid(), running.PID)

	require.NoError(t, held.release())
	running, err = Find(string(d))
	require.NoError(t, err)
	require.Nil(t, running, "the number in the file is stale")
	again, err := d.own()
	require.NoError(t, err)
	require.NoError(t, again.release())
}

func TestAnOwnerThatDoesNotSayWhoItIs(t *testing.T) {
	d := directory(t.TempDir())
	held, err := d.own()
	require.NoError(t, err)
	require.NoError(t, os.Truncate(d.ownerFile(), 0))
	_, err = Find(string(d))
	require.ErrorContains(t, err, d.ownerFile()+" is locked, but does not say by which process")
	require.NoError(t, held.release())
}

func TestWaitReadyFollowsTheOwner(t *testing.T) {
	d := directory(t.TempDir())
	held, err := d.own()
	require.NoError(t, err)
	running, err := Find(string(d))
	require.NoError(t, err)

	time.AfterFunc(2*lockPoll, func() { _ = os.WriteFile(d.kubeconfig(), nil, 0o600) })
	require.NoError(t, running.WaitReady(t.Context()))

	require.NoError(t, d.removeKubeconfig())
	time.AfterFunc(2*lockPoll, func() { _ = held.release() })
	require.EqualError(t, running.WaitReady(t.Context()),
		"wait for the cluster to be ready: the process that was starting the cluster has ended; its logs are in "+d.logs())
}

func TestRemoveStateKeepsLogs(t *testing.T) {
	d := directory(t.TempDir())
	require.NoError(t, RemoveState(string(d)))
	held, err := d.own()
	require.NoError(t, err)
	require.NoError(t, d.create())
	require.NoError(t, os.WriteFile(d.kubeconfig(), nil, 0o600))
	require.ErrorContains(t, RemoveState(string(d)), "already, owned by process")
	require.NoError(t, held.release())

	require.NoError(t, RemoveState(string(d)))
	left, err := fs.Glob(os.DirFS(string(d)), "*")
	require.NoError(t, err)
	require.Equal(t, []string{"logs", "owner.pid"}, left)
}
