// Package protection knows whether the API server refuses to delete a BarqCluster that is protected. A ValidatingAdmissionPolicy does
// that, with a binding of the same name (config/admission). Some installations lack them: the Operator Lifecycle Manager installs no
// policies, and an administrator may leave them out.
//
// Policy watches the two objects by name, so the operator needs no right on other policies, and asks the API server
// nothing while they stay as they are. effect.go says what they come to.
//
// What a BarqCluster is told about it is the business of internal/status.
package protection
