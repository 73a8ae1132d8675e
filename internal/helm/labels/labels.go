package labels

import "helm.sh/helm/v3/pkg/release"

// Labels of a stored revision.
const (
	// ManagedBy marks the revisions that the operator made, with the value Operator. A release without it was made by a person
	// with Helm, and is theirs.
	ManagedBy = "barq.db/managed-by"
	Operator  = "barq-operator"
	// Generation is the generation of the BarqCluster that the revision was made for.
	Generation = "barq.db/generation"
	// AdoptedSecrets sums up the Secrets that the pods of an adopted release used when it was adopted. Those pods do not carry the
	// checksum that others have, and to add it would restart them; so it is left out until a Secret changes.
	AdoptedSecrets = "barq.db/adopted-secrets"
)

// Rollout of a revision tells whether the spec asked for its pod template. A revision that leaves the template as it was says the same as
// the one before.
const (
	Rollout = "barq.db/rollout"
	// Requested: a person changed the spec or a Secret that it refers to.
	Requested = "requested"
	// Unrequested: the operator renders another template from the same spec.
	Unrequested = "unrequested"
)

// IsOurs reports whether the operator made a revision.
func IsOurs(found *release.Release) bool { return found.Labels[ManagedBy] == Operator }

// Believed reports whether a revision is one that the operator has stored, and said what it applied. Of any other that carries the
// operator's mark the storage gives no manifest.
func Believed(found *release.Release) bool { return IsOurs(found) && found.Manifest != "" }
