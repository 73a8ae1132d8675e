//go:build linux

package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// probed runs the command with flags for a store, and returns its exit code and its termination message.
func probed(t *testing.T, options objectstore.Options, further ...string) (int, v1.Termination) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "termination-log")
	require.NoError(t, os.WriteFile(log, nil, 0o600))
	code := 0
	cmd := newCommand(&code)
	cmd.SetOut(io.Discard)
	cmd.SetArgs(append([]string{
		"probe", "--provider=" + string(options.Provider), "--bucket=" + options.Bucket, "--prefix=" + options.Prefix, "--region=" + options.Region,
		"--endpoint=" + options.Endpoint, "--path-style=" + strconv.FormatBool(options.ForcePathStyle), "--credentials=" + options.Credentials,
		"--account=" + options.Account, "--encryption=" + string(options.Encryption), "--kms-key=" + options.KMSKey,
		"--timeout=10s", "--termination-log=" + log,
	}, further...))
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	written, err := os.ReadFile(log)
	require.NoError(t, err)
	said, ok := v1.DecodeTermination(string(written))
	require.True(t, ok, "%s", written)
	return code, said
}

func TestAProbeNamesTheCause(t *testing.T) {
	server := objectservers.ForTest(t, "../..", objectstore.S3)
	require.NoError(t, server.CreateBucket(t.Context(), "barq"))
	proxy, err := server.Proxy("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = proxy.Close() })
	wrong := t.TempDir()
	require.NoError(t, objectservers.WriteSecret(wrong, server.WrongSecret()))

	for name, test := range map[string]struct {
		faults objectservers.Faults
		change func(*objectstore.Options)
		want   string
	}{
		"usable":               {want: v1.TierReachable},
		"encrypted":            {change: func(o *objectstore.Options) { o.Encryption = objectstore.AES256 }, want: v1.TierReachable},
		"no files":             {change: func(o *objectstore.Options) { o.Credentials = t.TempDir() }, want: v1.TierCredentialsMissing},
		"wrong key":            {change: func(o *objectstore.Options) { o.Credentials = wrong }, want: v1.TierCredentialsRejected},
		"missing bucket":       {change: func(o *objectstore.Options) { o.Bucket = "none" }, want: v1.TierBucketMissing},
		"may not list":         {faults: objectservers.Faults{Refused: objectstore.AccessDenied, Only: []objectservers.Operation{objectservers.List}}, want: v1.TierAccessDenied},
		"may not create":       {faults: objectservers.Faults{Refused: objectstore.AccessDenied, Only: []objectservers.Operation{objectservers.Create}}, want: v1.TierAccessDenied},
		"may not read":         {faults: objectservers.Faults{Refused: objectstore.AccessDenied, Only: []objectservers.Operation{objectservers.Read}}, want: v1.TierAccessDenied},
		"may not delete":       {faults: objectservers.Faults{Refused: objectstore.AccessDenied, Only: []objectservers.Operation{objectservers.Delete}}, want: v1.TierAccessDenied},
		"replaces":             {faults: objectservers.Faults{IgnoresConditions: true}, want: v1.TierUnconditional},
		"an hour off":          {faults: objectservers.Faults{Clock: time.Hour}, want: v1.TierClockSkewed},
		"does not answer":      {faults: objectservers.Faults{BlackHole: true}, want: v1.TierUnreachable},
		"does not listen":      {change: func(o *objectstore.Options) { o.Endpoint = "http://127.0.0.1:1" }, want: v1.TierUnreachable},
		"no store of the kind": {change: func(o *objectstore.Options) { o.Provider = "ftp" }, want: v1.ProbeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			options := proxy.Options("barq")
			options.Prefix = "team/"
			if test.change != nil {
				test.change(&options)
			}
			proxy.Set(test.faults)
			t.Cleanup(func() { proxy.Set(objectservers.Faults{}) })
			code, said := probed(t, options, "--timeout=3s")
			assert.Equal(t, test.want, said.Reason, said.Message)
			assert.NotEmpty(t, said.Message)
			assert.Equal(t, test.want == v1.TierReachable, code == 0)
			assert.NotContains(t, said.Message, "wrong")
		})
	}

	// What could not be deleted is there still, and the next probe takes it away.
	options := proxy.Options("barq")
	left, err := stores.Open(server.Options("barq"))
	require.NoError(t, err)
	for _, test := range []struct {
		only []objectservers.Operation
		left int
	}{{[]objectservers.Operation{objectservers.Delete}, 1}, {[]objectservers.Operation{objectservers.Read}, 0}, {nil, 0}} {
		if test.only != nil {
			proxy.Set(objectservers.Faults{Refused: objectstore.AccessDenied, Only: test.only})
		}
		code, said := probed(t, options, "--object=left")
		require.Equal(t, test.only == nil, code == 0, said.Message)
		proxy.Set(objectservers.Faults{})
		page, err := left.List(t.Context(), probeFolder+"left", "", 10)
		require.NoError(t, err)
		require.Len(t, page.Objects, test.left)
	}
}

// The other providers are tried in the same way.
func TestAProbeOfTheOtherProviders(t *testing.T) {
	for _, provider := range []objectstore.Provider{objectstore.GCS, objectstore.Azure} {
		t.Run(string(provider), func(t *testing.T) {
			server := objectservers.ForTest(t, "../..", provider)
			require.NoError(t, server.CreateBucket(t.Context(), "barq"))
			code, said := probed(t, server.Options("barq"))
			require.Equal(t, v1.TierReachable, said.Reason, said.Message)
			require.Zero(t, code)
			code, said = probed(t, server.Options("none"))
			require.Equal(t, v1.TierBucketMissing, said.Reason, said.Message)
			require.Equal(t, 1, code)
		})
	}
}

// A message has nothing of what is from a Secret.
func TestAProbeTellsNoSecrets(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, objectservers.WriteSecret(folder, map[string]string{"AWS_ACCESS_KEY_ID": "theid\n", "AWS_SECRET_ACCESS_KEY": "thekey"}))
	tried := probe{secretBucket: true}
	tried.Bucket, tried.Credentials = "thebucket", folder
	require.Equal(t, "*** of *** in http://host/***/object", tried.public("thekey of theid in http://host/thebucket/object"))

	_, said := probed(t, objectstore.Options{
		Provider: objectstore.S3, Bucket: "thebucket", Region: "us-east-1", Endpoint: "http://127.0.0.1:1", ForcePathStyle: true, Credentials: folder,
	}, "--secret-bucket", "--timeout=1s")
	require.Equal(t, v1.TierUnreachable, said.Reason)
	require.NotContains(t, said.Message, "thebucket")
}
