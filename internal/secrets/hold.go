package secrets

import (
	"fmt"
	"strings"
)

// These begin the message of every pass that was held back for a Secret, or for another object.
const (
	heldBack           = "held back until Secrets are mended: "
	heldBackForMissing = "held back until what the spec names exists: "
)

// HeldBack is the error of a pass that waits for Secrets, or for other objects that the spec names.
func HeldBack(resolution Resolution) error {
	if len(resolution.Problems) == 0 {
		return fmt.Errorf("%s%s", heldBackForMissing, strings.Join(resolution.Missing, "; "))
	}
	return fmt.Errorf("%s%s", heldBack, resolution.Message())
}

// IsHeldBack tells whether a condition's message is that of HeldBack, which
// the Helm reconciler hands on as text only. Once the Secrets are mended such a
// message is out of date, not a failure.
func IsHeldBack(message string) bool {
	return strings.Contains(message, heldBack) || strings.Contains(message, heldBackForMissing)
}
