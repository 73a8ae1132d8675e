package secrets

import (
	"fmt"
	"strings"
)

// These begin the message of every reconcile that was held back for a Secret, or for another object.
const (
	heldBack           = "held back until the Secrets are corrected: "
	heldBackForMissing = "held back until what the spec names exists: "
)

// HeldBack returns the error of a reconcile that waits for Secrets, or for other objects that the spec
// names.
func HeldBack(resolution Resolution) error {
	if len(resolution.Problems) == 0 {
		return fmt.Errorf("%s%s", heldBackForMissing, strings.Join(resolution.Missing, "; "))
	}
	return fmt.Errorf("%s%s", heldBack, resolution.Message())
}

// IsHeldBack reports whether a condition's message comes from HeldBack. The Helm library's reconciler
// passes the error on as text only. Once the Secrets are complete, such a message is out of date and
// no failure.
func IsHeldBack(message string) bool {
	return strings.Contains(message, heldBack) || strings.Contains(message, heldBackForMissing)
}
