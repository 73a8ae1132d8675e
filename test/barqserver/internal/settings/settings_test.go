package settings

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/test/barqserver/internal/logs"
)

func lookup(environment map[string]string) Lookup {
	return func(variable string) (string, bool) {
		value, set := environment[variable]
		return value, set
	}
}

func TestParse(t *testing.T) {
	defaults := func(change func(*Settings)) Settings {
		settings := Settings{
			Address: netip.MustParseAddrPort("0.0.0.0:8080"), StorageDir: "./data", LogFilter: logs.DefaultFilter,
		}
		change(&settings)
		return settings
	}
	for name, test := range map[string]struct {
		environment map[string]string
		settings    Settings
	}{
		"nothing": {nil, defaults(func(*Settings) {})},
		"everything": {
			map[string]string{
				"BARQ_ADDR": "[::1]:1234", "BARQ_STORAGE_DIR": "/data", "BARQ_TLS_ENABLED": "true",
				"BARQ_TLS_CERT": "/crt", "BARQ_TLS_KEY": "/key", "BARQ_TLS_CLIENT_CA": "/ca",
				"BARQ_CLUSTER_CONFIG": "/cluster.json", "BARQ_TIERING_ENABLED": "true",
				"BARQ_WARM_TIER_PROVIDER": "azure", "BARQ_WARM_TIER_BUCKET": "w",
				"BARQ_COLD_TIER_PROVIDER": "", "BARQ_COLD_TIER_BUCKET": "", "RUST_LOG": "warn",
			},
			Settings{
				Address: netip.MustParseAddrPort("[::1]:1234"), StorageDir: "/data", Certificate: "/crt", Key: "/key",
				ClusterFile: "/cluster.json", LogFilter: "warn", Tiering: true,
				Tiers: []Tier{{Name: "warm", Provider: "azure", Bucket: "w"}, {Name: "cold"}},
			},
		},
		"an empty RUST_LOG is not the default":     {map[string]string{"RUST_LOG": ""}, defaults(func(s *Settings) { s.LogFilter = "" })},
		"tiers, while tiering is not exactly true": {map[string]string{"BARQ_TIERING_ENABLED": "TRUE", "BARQ_WARM_TIER_PROVIDER": "s3", "BARQ_WARM_TIER_BUCKET": "w"}, defaults(func(*Settings) {})},
		"half a tier": {map[string]string{"BARQ_TIERING_ENABLED": "true", "BARQ_WARM_TIER_PROVIDER": "s3", "BARQ_COLD_TIER_BUCKET": "c"}, defaults(func(s *Settings) { s.Tiering = true })},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := Parse(lookup(test.environment))
			require.NoError(t, err)
			require.Equal(t, test.settings, parsed)
		})
	}
}

func TestParseNamesTheFlag(t *testing.T) {
	for variable, value := range map[string]struct{ text, flag string }{
		"BARQ_ADDR": {"localhost:8080", "'--addr <ADDR>'"}, "BARQ_STORAGE_DIR": {"", "'--storage-dir <STORAGE_DIR>'"},
		"BARQ_TLS_ENABLED": {"1", "'--tls'"}, "BARQ_TLS_CERT": {"", "'--tls-cert <TLS_CERT>'"},
		"BARQ_TLS_KEY": {"", "'--tls-key <TLS_KEY>'"}, "BARQ_TLS_CLIENT_CA": {"", "'--tls-client-ca <TLS_CLIENT_CA>'"},
		"BARQ_CLUSTER_CONFIG": {"", "'--cluster <CLUSTER>'"},
	} {
		_, err := Parse(lookup(map[string]string{variable: value.text}))
		require.ErrorContains(t, err, value.flag)
	}
}

func TestTLSNeedsBothFiles(t *testing.T) {
	require.True(t, Settings{Certificate: "/crt", Key: "/key"}.TLS())
	require.False(t, Settings{Certificate: "/crt"}.TLS())
	require.False(t, Settings{Key: "/key"}.TLS())
}
