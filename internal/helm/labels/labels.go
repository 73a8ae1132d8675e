package labels

import "helm.sh/helm/v3/pkg/release"

// Labels of a stored revision.
const (
	// ManagedBy marks the revisions that the operator has created, with the value Operator. A person has created a
	// release without it with Helm, and owns it.
	ManagedBy = "barq.db/managed-by"
	Operator  = "barq-operator"
	// Generation is the generation of the BarqCluster for which the operator has created the revision.
	Generation = "barq.db/generation"
	// AdoptedSecrets is a digest of the Secrets that the pods of an adopted release used when it was adopted. Those
	// pods lack the checksum that others have, and to add it would restart them. So it is left out until a Secret
	// changes.
	AdoptedSecrets = "barq.db/adopted-secrets"
)

// Rollout of a revision says whether the spec asked for its pod template. A revision that keeps the template also keeps
// this label.
const (
	Rollout = "barq.db/rollout"
	// Requested: a person changed the spec or a Secret that it refers to.
	Requested = "requested"
	// Unrequested: the operator renders another template from the same spec.
	Unrequested = "unrequested"
)

// IsOurs reports whether the operator has created a revision.
func IsOurs(found *release.Release) bool { return found.Labels[ManagedBy] == Operator }

// Believed reports whether the operator has stored a revision, with the manifest that it applied. The storage returns
// no manifest for any other revision with the operator's mark.
func Believed(found *release.Release) bool { return IsOurs(found) && found.Manifest != "" }
