package storage

import "helm.sh/helm/v3/pkg/release"

// Labels of a stored revision.
const (
	// ManagedByLabel marks the revisions that the operator made, with the value ManagedBy. A release without it was made by a person
	// with Helm, and is theirs.
	ManagedByLabel = "barq.db/managed-by"
	ManagedBy      = "barq-operator"
	// GenerationLabel is the generation of the BarqCluster that the revision was made for.
	GenerationLabel = "barq.db/generation"
	// AdoptedSecretsLabel sums up the Secrets that the pods of an adopted release used when it was adopted. Those pods do not carry the
	// checksum that others have, and to add it would restart them; so it is left out until a Secret changes.
	AdoptedSecretsLabel = "barq.db/adopted-secrets"
)

// IsOurs reports whether the operator made a revision.
func IsOurs(found *release.Release) bool { return found.Labels[ManagedByLabel] == ManagedBy }

// Believed reports whether a revision is one that the operator has stored, and said what it applied. Of any other that carries the
// operator's mark the storage gives no manifest.
func Believed(found *release.Release) bool { return IsOurs(found) && found.Manifest != "" }
