package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	warmS3    = "BARQ_WARM_TIER_PROVIDER=s3"
	warmGCS   = "BARQ_WARM_TIER_PROVIDER=gcs"
	warmAzure = "BARQ_WARM_TIER_PROVIDER=azure"
	warm      = "BARQ_WARM_TIER_BUCKET=warm"
	coldS3    = "BARQ_COLD_TIER_PROVIDER=s3"
	coldAzure = "BARQ_COLD_TIER_PROVIDER=azure"
	cold      = "BARQ_COLD_TIER_BUCKET=cold"
)

func tiering(environment ...string) []string { return append(environment, "BARQ_TIERING_ENABLED=true") }

// With s3 or gcs it does not start, whether there are credentials or not. It ends before
// it has asked anybody for credentials.
func TestTiersOnWhichItDoesNotStart(t *testing.T) {
	for name, environment := range map[string][]string{
		"s3 with keys":         {warmS3, warm, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION=us-east-1"},
		"s3 with an endpoint":  {warmS3, warm, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000"},
		"s3 without keys":      {warmS3, warm},
		"s3 as the cold tier":  {coldS3, cold},
		"s3 beside azure":      {warmAzure, warm, coldS3, cold},
		"s3 without a name":    {warmS3, "BARQ_WARM_TIER_BUCKET="},
		"gcs with credentials": {warmGCS, warm, `GOOGLE_APPLICATION_CREDENTIALS_JSON={"type":"service_account"}`},
		"gcs without":          {warmGCS, warm},
	} {
		t.Run(name, func(t *testing.T) {
			s := launch(t, start{environment: tiering(environment...)})
			require.Equal(t, panicked, s.exit())
			require.Contains(t, s.problems(), "start a runtime from within a runtime")
			require.False(t, listens(s.address))
		})
	}
}

func TestTiersWithWhichItStarts(t *testing.T) {
	for name, environment := range map[string][]string{
		"no tier":                       {},
		"azure with a key":              {warmAzure, warm, "AZURE_STORAGE_ACCOUNT=a", "AZURE_STORAGE_ACCESS_KEY=a2V5"},
		"azure on both tiers":           {warmAzure, warm, coldAzure, cold, "AZURE_STORAGE_ACCOUNT=a", "AZURE_STORAGE_ACCESS_KEY=a2V5"},
		"azure with a key that is none": {warmAzure, warm, "AZURE_STORAGE_ACCOUNT=a", "AZURE_STORAGE_ACCESS_KEY=not base64"},
		"azure without a key":           {warmAzure, warm},
		"a provider without a bucket":   {warmS3},
		"a bucket without a provider":   {warm},
		"an unknown provider":           {"BARQ_WARM_TIER_PROVIDER=S3", warm},
		"an empty provider":             {"BARQ_WARM_TIER_PROVIDER=", warm},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, start{environment: tiering(environment...)})
			inserted := s.fill(2)
			s.stop()
			require.NoFileExists(t, s.dir+"/data/tiering_state.json", "nothing is moved")
			s.again(tiering(environment...)...).requireAll(inserted)
		})
	}
}
