package v1alpha1

// Names of tiers.
const (
	TierWarm = "warm"
	TierCold = "cold"
)

// Tier is a tier with its name.
//
// +kubebuilder:object:generate=false
type Tier struct {
	// Name is warm or cold.
	Name string
	*TierSpec
}

// Field is the path of the tier in a BarqCluster.
func (t Tier) Field() string { return "spec.tiering." + t.Name }

// Tiers lists the tiers that there are, also while tiering is not enabled: warm, then cold.
func (s *TieringSpec) Tiers() []Tier {
	var found []Tier
	for _, tier := range []Tier{{TierWarm, s.Warm}, {TierCold, s.Cold}} {
		if tier.TierSpec != nil {
			found = append(found, tier)
		}
	}
	return found
}

// IsArchived reports whether the agents of the pods keep the data in the tiers, as far as the spec says it. Pods without an agent do not.
func (s *BarqClusterSpec) IsArchived() bool {
	return s.Tiering.Enabled && s.Tiering.ManagedBy != ManagedByServer
}
