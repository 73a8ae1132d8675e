package version

import "fmt"

// Set by the linker with -X. A build without them, as by `go run`, says so.
var (
	// Version is the semantic version of the operator.
	Version = "0.0.0-development"
	// Commit is the commit it was built from.
	Commit = "unknown"
	// Date is the commit's date, in RFC 3339.
	Date = "unknown"
)

// String gives all three for a person.
func String() string {
	return fmt.Sprintf("%s (commit %s, %s)", Version, Commit, Date)
}
