package settings

import (
	"fmt"
	"strings"
)

// The flags, each of which says the same as a variable.
const (
	addressFlag     = "addr"
	storageFlag     = "storage-dir"
	tlsFlag         = "tls"
	certificateFlag = "tls-cert"
	keyFlag         = "tls-key"
	clientCAFlag    = "tls-client-ca"
	clusterFlag     = "cluster"
)

var flags = map[string]string{
	addressFlag: AddressVariable, storageFlag: StorageVariable, certificateFlag: CertificateVariable,
	keyFlag: KeyVariable, clientCAFlag: ClientCAVariable, clusterFlag: ClusterVariable,
}

// WithFlags gives a lookup in which a flag counts in place of its variable. An error is one that Barq DB
// aborts its start with.
func WithFlags(arguments []string, lookup Lookup) (Lookup, error) {
	given := map[string]string{}
	for len(arguments) > 0 {
		argument := arguments[0]
		arguments = arguments[1:]
		name, value, hasValue := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
		variable, known := flags[name]
		switch {
		case !strings.HasPrefix(argument, "--") || (!known && name != tlsFlag):
			return nil, fmt.Errorf("unexpected argument '%s' found\n\nUsage: barq-server [OPTIONS]", argument)
		case name == tlsFlag && hasValue:
			return nil, fmt.Errorf("unexpected value '%s' for '--tls' found; no more were expected\n\nUsage: barq-server --tls", value)
		case name == tlsFlag:
			variable, value = TLSVariable, "true"
		case !hasValue && (len(arguments) == 0 || strings.HasPrefix(arguments[0], "--")):
			return nil, missingValue(name)
		case !hasValue:
			value, arguments = arguments[0], arguments[1:]
		}
		given[variable] = value
	}
	return func(variable string) (string, bool) {
		if value, is := given[variable]; is {
			return value, true
		}
		return lookup(variable)
	}, nil
}
