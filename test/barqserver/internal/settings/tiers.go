package settings

// Tier is where one of the colder tiers would keep its data.
type Tier struct {
	// Name is warm or cold.
	Name     string
	Provider string
	Bucket   string
}

// The providers that are known.
const (
	S3    = "s3"
	GCS   = "gcs"
	Azure = "azure"
)

// Known tells whether the tier's provider is one of the three. A tier of any other
// is left out with a warning.
func (t Tier) Known() bool { return t.Provider == S3 || t.Provider == GCS || t.Provider == Azure }

// tiers gives the tiers whose provider and bucket are both set, even if to nothing.
func tiers(lookup Lookup) []Tier {
	var found []Tier
	for _, names := range []struct{ tier, provider, bucket string }{
		{"warm", "BARQ_WARM_TIER_PROVIDER", "BARQ_WARM_TIER_BUCKET"},
		{"cold", "BARQ_COLD_TIER_PROVIDER", "BARQ_COLD_TIER_BUCKET"},
	} {
		provider, hasProvider := lookup(names.provider)
		bucket, hasBucket := lookup(names.bucket)
		if hasProvider && hasBucket {
			found = append(found, Tier{Name: names.tier, Provider: provider, Bucket: bucket})
		}
	}
	return found
}
