package privatenetwork

import (
	"os"
	"testing"
)

// variable is set for the process that runs the tests in a network of its own.
const variable = "BARQ_PRIVATE_NETWORK"

// Inside tells whether this process has a network of its own.
func Inside() bool { return os.Getenv(variable) != "" }

// Require skips a test that needs the network.
func Require(t *testing.T) {
	t.Helper()
	if !Inside() {
		t.Skip("needs a network of its own: run it as root on Linux")
	}
}
