package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestVariablesAreForWhatTheCommandLineLeavesOpen(t *testing.T) {
	var values options
	command := newCommand()
	upCommand, _, err := command.Find([]string{"up"})
	require.NoError(t, err)
	require.NoError(t, upCommand.ParseFlags([]string{"--sample", "mine.yaml"}))
	set := map[string]string{"DEMO_SAMPLE": "theirs.yaml", "DEMO_KUBECONFIG": "kubeconfig", "DEMO_TIMEOUT": "90s", "": "nonsense"}
	require.NoError(t, readVariables(upCommand.Flags(), func(name string) string { return set[name] }))
	values.dir, err = upCommand.Flags().GetString("dir")
	require.NoError(t, err)
	values.sample, err = upCommand.Flags().GetString("sample")
	require.NoError(t, err)
	values.kubeconfig, err = upCommand.Flags().GetString("kubeconfig")
	require.NoError(t, err)
	values.timeout, err = upCommand.Flags().GetDuration("timeout")
	require.NoError(t, err)
	require.Equal(t, options{dir: ".cluster", sample: "mine.yaml", kubeconfig: "kubeconfig", timeout: 90 * time.Second}, values)

	err = readVariables(newCommand().PersistentFlags(), func(string) string { return "soon" })
	require.EqualError(t, err, `DEMO_TIMEOUT: invalid argument "soon" for "--timeout" flag: time: invalid duration "soon"`)
}

func TestReadSample(t *testing.T) {
	sample, err := readSample(filepath.Join(root, "config/samples/barqcluster.yaml"))
	require.NoError(t, err)
	require.Equal(t, []client.ObjectKey{{Namespace: "barq-demo", Name: "vectors"}}, keysOf(sample))

	_, err = readSample("/does/not/exist.yaml")
	require.EqualError(t, err, "the sample does not exist: open /does/not/exist.yaml: no such file or directory")
	for content, want := range map[string]string{
		"apiVersion: v1\nkind: Secret\n": "the sample cannot be read: sample.yaml: document 1: metadata.name is missing",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\n": "the sample sample.yaml holds no BarqCluster; " +
			"name a manifest that does in DEMO_SAMPLE",
	} {
		t.Chdir(t.TempDir())
		require.NoError(t, os.WriteFile("sample.yaml", []byte(content), 0o600))
		_, err = readSample("sample.yaml")
		require.EqualError(t, err, want)
	}
}

func TestDistinctNamespaces(t *testing.T) {
	require.Equal(t, []string{"a", "b"}, distinctNamespaces([]client.ObjectKey{
		{Namespace: "b", Name: "one"}, {Namespace: "a", Name: "two"}, {Namespace: "b", Name: "three"},
	}))
}
