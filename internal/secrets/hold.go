package secrets

import (
	"fmt"
	"strings"

	"github.com/barq-db/barq-operator/api/v1alpha1"
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

// Reason returns the API's reason for a reconcile that is held back.
func (r Resolution) Reason() string {
	if len(r.Problems) == 0 {
		return v1alpha1.ReasonReferenceMissing
	}
	return v1alpha1.ReasonSecretMissing
}
