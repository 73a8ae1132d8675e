package conformance

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// misused is what the server says when it does not take its flags or its environment.
func misused(reason string) string {
	return "error: " + reason + "\n\nFor more information, try '--help'.\n"
}

func TestEnvironmentThatIsRefused(t *testing.T) {
	address := func(value string) string {
		return misused("invalid value '" + value + "' for '--addr <ADDR>': invalid socket address syntax")
	}
	missing := func(flag string) string {
		return misused("a value is required for '" + flag + "' but none was supplied")
	}
	const truthValues = "\n  [possible values: true, false]"
	for entry, said := range map[string]string{
		"BARQ_ADDR=":                address(""),
		"BARQ_ADDR=localhost:8080":  address("localhost:8080"),
		"BARQ_ADDR=127.0.0.1":       address("127.0.0.1"),
		"BARQ_ADDR=8080":            address("8080"),
		"BARQ_ADDR=127.0.0.1:65536": address("127.0.0.1:65536"),
		"BARQ_STORAGE_DIR=":         missing("--storage-dir <STORAGE_DIR>"),
		"BARQ_TLS_CERT=":            missing("--tls-cert <TLS_CERT>"),
		"BARQ_TLS_KEY=":             missing("--tls-key <TLS_KEY>"),
		"BARQ_TLS_CLIENT_CA=":       missing("--tls-client-ca <TLS_CLIENT_CA>"),
		"BARQ_CLUSTER_CONFIG=":      missing("--cluster <CLUSTER>"),
		"BARQ_TLS_ENABLED=":         misused("a value is required for '--tls' but none was supplied" + truthValues),
		"BARQ_TLS_ENABLED=1":        misused("invalid value '1' for '--tls'" + truthValues),
		"BARQ_TLS_ENABLED=yes":      misused("invalid value 'yes' for '--tls'" + truthValues),
		"BARQ_TLS_ENABLED=TRUE":     misused("invalid value 'TRUE' for '--tls'" + truthValues),
	} {
		t.Run(entry, func(t *testing.T) {
			s := launch(t, start{environment: []string{entry}})
			require.Equal(t, wrongUsage, s.exit())
			require.Equal(t, said, s.problems())
			require.NoDirExists(t, filepath.Join(s.dir, "data"))
		})
	}
}

// Each setting that has a variable of Barq DB's own is a flag too, and the flag counts.
func TestFlags(t *testing.T) {
	dir := t.TempDir()
	address := freeAddress(t)
	s := launch(t, start{
		environment: []string{"BARQ_STORAGE_DIR=/does/not/exist", "BARQ_ADDR=wrong", "BARQ_CLUSTER_CONFIG=/does/not/exist"},
		arguments: []string{
			"--addr", address, "--storage-dir=" + filepath.Join(dir, "data"), "--tls", "--tls-client-ca", "/does/not/exist",
			"--tls-cert", "/does/not/exist", "--cluster", withCluster(t, clusterFile(t, nil)).clusterFile(),
		},
	})
	s.BaseURL, s.dir = "http://"+address, dir
	s.await()
	s.fill(1)
	require.FileExists(t, s.collectionFile("things", "wal.jsonl"))
	answer, err := s.Send(t.Context(), "GET", "/admin/topology", "", "")
	require.NoError(t, err)
	require.JSONEq(t, `{"0":{"shard":0,"primary":"db-0","replicas":[]}}`, answer.Body)

	for argument, said := range map[string]string{
		"--port":      misused("unexpected argument '--port' found\n\nUsage: barq-server [OPTIONS]"),
		"serve":       misused("unexpected argument 'serve' found\n\nUsage: barq-server [OPTIONS]"),
		"--addr":      misused("a value is required for '--addr <ADDR>' but none was supplied"),
		"--addr=8080": misused("invalid value '8080' for '--addr <ADDR>': invalid socket address syntax"),
		"--tls=true":  misused("unexpected value 'true' for '--tls' found; no more were expected\n\nUsage: barq-server --tls"),
	} {
		refused := launch(t, start{arguments: []string{argument}})
		require.Equal(t, wrongUsage, refused.exit(), argument)
		require.Equal(t, said, refused.problems())
	}
}

func TestEnvironmentWithoutEffect(t *testing.T) {
	for name, environment := range map[string][]string{
		"BARQ_TLS_ENABLED is parsed and unused":                    {"BARQ_TLS_ENABLED=true"},
		"BARQ_TLS_ENABLED may be false":                            {"BARQ_TLS_ENABLED=false"},
		"BARQ_TLS_CLIENT_CA is parsed and unused":                  {"BARQ_TLS_CLIENT_CA=/does/not/exist"},
		"a certificate without a key":                              {"BARQ_TLS_CERT=/does/not/exist"},
		"a key without a certificate":                              {"BARQ_TLS_KEY=/does/not/exist"},
		"AWS's and Google's credentials without tiering":           {"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "GOOGLE_APPLICATION_CREDENTIALS_JSON=x"},
		"tiers, while BARQ_TIERING_ENABLED is not exactly true: 1": {"BARQ_TIERING_ENABLED=1", "BARQ_WARM_TIER_PROVIDER=s3", "BARQ_WARM_TIER_BUCKET=b"},
		"tiers, while BARQ_TIERING_ENABLED is True":                {"BARQ_TIERING_ENABLED=True", "BARQ_WARM_TIER_PROVIDER=s3", "BARQ_WARM_TIER_BUCKET=b"},
		"tiers, while BARQ_TIERING_ENABLED is empty":               {"BARQ_TIERING_ENABLED=", "BARQ_WARM_TIER_PROVIDER=s3", "BARQ_WARM_TIER_BUCKET=b"},
		"what upstream's chart, operator and README set": {
			"BARQ_HTTP_PORT=1", "BARQ_GRPC_PORT=1", "BARQ_DATA_DIR=/does/not/exist", "BARQ_API_KEY=secret", "BARQ_LOG_LEVEL=off",
			"BARQ_MODE=cluster", "BARQ_S3_BUCKET=b", "BARQ_GCS_BUCKET=b", "BARQ_STORAGE_TYPE=s3",
			"BARQ_WARM_TIER_PREFIX=p", "BARQ_WARM_TIER_AGE=1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, start{environment: environment})
			inserted := s.fill(1)
			s.stop()
			s.again().requireAll(inserted)
			require.NotEmpty(t, s.out(), "the log is what it was")
		})
	}
}

func TestStorageDirectoryIsTheWorkingDirectoryByDefault(t *testing.T) {
	s := serve(t, start{unset: []string{"BARQ_STORAGE_DIR"}})
	s.fill(1)
	require.FileExists(t, s.collectionFile("things", "wal.jsonl"))
}

func TestAddressByDefault(t *testing.T) {
	privatenetwork.Require(t)
	s := launch(t, start{unset: []string{"BARQ_ADDR"}})
	s.BaseURL = "http://127.0.0.1:8080"
	s.await()
	s.BaseURL = "http://[::1]:8080"
	require.Error(t, s.Health(t.Context()), "the address is one of IPv4")
}

// All addresses of IPv6 are those of IPv4 too.
func TestAddressOfBothFamilies(t *testing.T) {
	privatenetwork.Require(t)
	if listener, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("there is no IPv6 here")
	} else {
		require.NoError(t, listener.Close())
	}
	s := launch(t, start{environment: []string{"BARQ_ADDR=[::]:8080"}})
	s.BaseURL = "http://127.0.0.1:8080"
	s.await()
	s.BaseURL = "http://[::1]:8080"
	require.NoError(t, s.Health(t.Context()))
	_, err := net.Dial("tcp", "[::1]:50051")
	require.Error(t, err, "gRPC is IPv4 only")
}

func TestAddressThatIsTaken(t *testing.T) {
	first := serve(t, start{})
	second := launch(t, start{environment: []string{"BARQ_ADDR=" + first.address}})
	require.Equal(t, failed, second.exit())
	require.Contains(t, second.problems(), report("Address already in use (os error 98)"))
	require.NoError(t, first.Health(t.Context()))
}

// Nothing keeps a second process from the directory of the first, and neither sees
// what the other writes.
func TestStorageDirectoryIsNotLocked(t *testing.T) {
	first := serve(t, start{})
	inserted := first.fill(1)
	second := serve(t, start{environment: []string{"BARQ_STORAGE_DIR=" + filepath.Join(first.dir, "data")}})
	second.requireAll(inserted)
	require.NoError(t, second.Insert(t.Context(), "things", documents(2)[1]))
	missing, err := first.Missing(t.Context(), "things", client.Number(2))
	require.NoError(t, err)
	require.Equal(t, []client.ID{client.Number(2)}, missing)
}

func TestTraces(t *testing.T) {
	// The address needs no server that takes them.
	serve(t, start{environment: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317"}}).stop()
	require.Equal(t, panicked, launch(t, start{environment: []string{"OTEL_EXPORTER_OTLP_ENDPOINT="}}).exit())
}
