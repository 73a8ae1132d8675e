package secrets

import (
	"fmt"
	"strings"
)

// heldBack begins the message of every pass that was held back for a Secret.
const heldBack = "held back until Secrets are mended: "

// HeldBack is the error of a pass that waits for Secrets.
func HeldBack(resolution Resolution) error {
	return fmt.Errorf("%s%s", heldBack, resolution.Message())
}

// IsHeldBack tells whether a condition's message is that of HeldBack, which
// the Helm reconciler hands on as text only. Once the Secrets are mended such a
// message is out of date, not a failure.
func IsHeldBack(message string) bool { return strings.Contains(message, heldBack) }
