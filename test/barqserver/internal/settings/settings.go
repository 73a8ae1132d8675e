package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/barq-db/barq-operator/test/barqserver/internal/logs"
)

// Settings is what the environment says.
type Settings struct {
	// Address is where HTTP is served.
	Address netip.AddrPort
	// StorageDir is where the data is.
	StorageDir string
	// Certificate and Key are files in PEM. HTTPS is served when both are named.
	Certificate, Key string
	// ClusterFile names the other processes; without one there are none.
	ClusterFile string
	// Tiering says whether tiering is on.
	Tiering bool
	// Tiers are empty unless tiering is on.
	Tiers []Tier
	// LogFilter is the value of RUST_LOG, or the default.
	LogFilter string
}

// TLS tells whether HTTPS is served instead of HTTP.
func (s Settings) TLS() bool { return s.Certificate != "" && s.Key != "" }

// The variables that are read. Others, BARQ_TLS_CLIENT_CA aside, have no effect.
const (
	AddressVariable     = "BARQ_ADDR"
	StorageVariable     = "BARQ_STORAGE_DIR"
	TLSVariable         = "BARQ_TLS_ENABLED"
	CertificateVariable = "BARQ_TLS_CERT"
	KeyVariable         = "BARQ_TLS_KEY"
	ClientCAVariable    = "BARQ_TLS_CLIENT_CA"
	ClusterVariable     = "BARQ_CLUSTER_CONFIG"
	TieringVariable     = "BARQ_TIERING_ENABLED"
	LogVariable         = "RUST_LOG"
)

const (
	defaultAddress    = "0.0.0.0:8080"
	defaultStorageDir = "./data"
)

// Lookup gives the value of a variable, and whether it is set, like os.LookupEnv.
type Lookup func(variable string) (string, bool)

// Parse reads the environment. An error is one that Barq DB aborts its start with.
func Parse(lookup Lookup) (Settings, error) {
	settings := Settings{StorageDir: defaultStorageDir, LogFilter: logFilter(lookup)}

	address, set := lookup(AddressVariable)
	if !set {
		address = defaultAddress
	}
	var err error
	if settings.Address, err = netip.ParseAddrPort(address); err != nil {
		return Settings{}, fmt.Errorf("invalid value '%s' for '--addr <ADDR>': invalid socket address syntax", address)
	}

	// The value is read and used for nothing, but it has to be one of the two.
	const truthValues = "\n  [possible values: true, false]"
	switch value, set := lookup(TLSVariable); {
	case set && value == "":
		return Settings{}, errors.New("a value is required for '--tls' but none was supplied" + truthValues)
	case set && value != "true" && value != "false":
		return Settings{}, fmt.Errorf("invalid value '%s' for '--tls'%s", value, truthValues)
	}

	// The file is named and used for nothing: there are no client certificates.
	var clientCA string
	for _, path := range []struct {
		variable, flag string
		value          *string
	}{
		{StorageVariable, storageFlag, &settings.StorageDir},
		{CertificateVariable, certificateFlag, &settings.Certificate},
		{KeyVariable, keyFlag, &settings.Key},
		{ClientCAVariable, clientCAFlag, &clientCA},
		{ClusterVariable, clusterFlag, &settings.ClusterFile},
	} {
		value, set := lookup(path.variable)
		if !set {
			continue
		}
		if value == "" {
			return Settings{}, missingValue(path.flag)
		}
		*path.value = value
	}

	if value, _ := lookup(TieringVariable); value == "true" {
		settings.Tiering = true
		settings.Tiers = tiers(lookup)
	}
	return settings, nil
}

// missingValue is the error for a path that is empty.
func missingValue(flag string) error {
	return fmt.Errorf("a value is required for '--%s <%s>' but none was supplied", flag, strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

// logFilter gives RUST_LOG. An empty value is a value: it hides all but errors.
func logFilter(lookup Lookup) string {
	if value, set := lookup(LogVariable); set {
		return value
	}
	return logs.DefaultFilter
}
