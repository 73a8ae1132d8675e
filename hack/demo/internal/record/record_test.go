package record

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	namespace = Object{APIVersion: "v1", Kind: "Namespace", Name: "barq-demo"}
	secret    = Object{APIVersion: "v1", Kind: "Secret", Namespace: "barq-demo", Name: "vectors-s3"}
)

func TestSaveAndLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "record.json")
	none, err := Load(file)
	require.NoError(t, err)
	require.Nil(t, none)

	for _, saved := range []Record{
		{Kubeconfig: "/somewhere/kubeconfig", Started: true},
		{Kubeconfig: "/somewhere/kubeconfig", ClusterUID: "a-b", Started: true, OwnerPID: 7, Created: []Object{namespace, secret}},
	} {
		require.NoError(t, saved.Save(file))
		loaded, err := Load(file)
		require.NoError(t, err)
		require.Equal(t, saved, *loaded)
	}
	require.NoFileExists(t, file+".unfinished")
}

func TestLoadNamesABrokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "record.json")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err := Load(file)
	require.EqualError(t, err, file+", which the demo writes, cannot be read: unexpected end of JSON input")
}

func TestAddRemembersOnceInOrder(t *testing.T) {
	record := &Record{}
	for _, object := range []Object{secret, namespace, secret} {
		record.Add(object)
	}
	require.Equal(t, []Object{secret, namespace}, record.Created)
}

func TestHasStarted(t *testing.T) {
	require.True(t, (&Record{Started: true, OwnerPID: 7}).HasStarted(7))
	require.False(t, (&Record{Started: true, OwnerPID: 7}).HasStarted(8), "another cluster took its place")
	require.True(t, (&Record{Started: true}).HasStarted(8), "the demo was killed while it started the cluster")
	require.False(t, (&Record{}).HasStarted(8), "the cluster was there")
}

func TestObjectsAreNamedForPeople(t *testing.T) {
	require.Equal(t, "Namespace barq-demo", namespace.String())
	require.Equal(t, "Secret barq-demo/vectors-s3", secret.String())
}
