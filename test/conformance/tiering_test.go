package conformance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
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
// it has asked for credentials.
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
			require.Regexp(t, panicOf(mainThread, cannotStartRuntime), s.problems())
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

// The file with the tiers of the segments can keep it from starting by itself: a segment that it names and that is not on
// the disk is fetched at the start, or would be.
func TestSegmentThatIsInATier(t *testing.T) {
	const key = "tenants/default/collections/things/segments/segment_1.jsonl"
	azure := []string{warmAzure, warm, "AZURE_STORAGE_ACCOUNT=a", "AZURE_STORAGE_ACCESS_KEY=a2V5"}
	state := func(tier string) string {
		return `{"` + key + `":{"key":"` + key + `","tier":"` + tier + `","size_bytes":1,"created_at":1,"last_accessed":1,"access_count":0}}`
	}
	restoring := func(missing string) (line, reason string) {
		reason = "Object not found: " + missing
		return "Failed to restore segment " + key + ": " + reason + "\n", report("object store error: " + reason)
	}
	for name, test := range map[string]struct {
		environment []string
		state       string
		// missing is what is not found; without it, it panics.
		missing func(s *server) string
		panics  string
	}{
		"in the data directory":                    {tiering(), state("Hot"), func(s *server) string { return s.dir + "/data/" + key }, ""},
		"in a tier without a bucket":               {tiering(), state("Warm"), func(*server) string { return "No store configured for tier Warm" }, ""},
		"on azure":                                 {tiering(azure...), state("Warm"), nil, cannotStartRuntime},
		"in the data directory, beside azure":      {tiering(azure...), state("Hot"), func(s *server) string { return s.dir + "/data/" + key }, cannotDropRuntime},
		"in a tier without a bucket, beside azure": {tiering(azure...), state("Cold"), func(*server) string { return "No store configured for tier Cold" }, cannotDropRuntime},
	} {
		t.Run(name, func(t *testing.T) {
			s := withFiles(t, goodSchema, goodLine)
			s.write(s.dir+"/data/tiering_state.json", test.state)
			broken := launch(t, start{dir: s.dir, environment: test.environment})
			said := ""
			if test.missing != nil {
				line, reported := restoring(test.missing(s))
				if test.panics == "" {
					require.Equal(t, failed, broken.exit())
					require.Equal(t, line+reported, broken.problems())
					return
				}
				said = line
			}
			require.Equal(t, panicked, broken.exit())
			rest, begins := strings.CutPrefix(broken.problems(), said)
			require.True(t, begins, broken.problems())
			require.Regexp(t, panicOf(mainThread, test.panics), rest)
		})
	}
	for name, test := range map[string]struct {
		environment []string
		state, said string
	}{
		"tiering is off":           {nil, state("Warm"), ""},
		"a file that is torn":      {tiering(), "{", "Failed to load tiering state: Configuration error: EOF while parsing an object at line 1 column 1\n"},
		"an unknown tier":          {tiering(), state("Lukewarm"), "Failed to load tiering state: Configuration error: unknown variant `Lukewarm`, expected one of `Hot`, `Warm`, `Cold` at line 1 column 149\n"},
		"a collection that is not": {tiering(azure...), strings.ReplaceAll(state("Warm"), "things", "others"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := withFiles(t, goodSchema, goodLine)
			s.write(s.dir+"/data/tiering_state.json", test.state)
			s = s.again(test.environment...)
			s.requireAll(documents(1))
			require.Equal(t, test.said, s.problems())
		})
	}
}

// A compaction is the one call that writes the file with the tiers, if there is a segment.
func TestCompactionWritesTheTiers(t *testing.T) {
	needsTheRealServer(t, "it compacts nothing")
	s := withFiles(t, goodSchema, goodLine+"\n")
	s.write(s.collectionFile("things", "segments/segment_1.jsonl"), goodLine+"\n"+insertOf(`{"U64":2}`, "[2.0,0.0]", `{"title":"document 2"}`)+"\n"+`{"op":{"Delete":{"U64":3}}}`+"\n")
	s = s.again(tiering()...)
	const body = `{"tenant":"default","collection":"things"}`
	require.Equal(t, 200, s.status("POST", "/admin/compact", body))
	segments, err := filepath.Glob(s.collectionFile("things", "segments/*"))
	require.NoError(t, err)
	require.Len(t, segments, 1)
	require.Regexp(t, `/segment_compacted_\d{17}\.jsonl$`, segments[0])
	require.Equal(t, 3, strings.Count(s.read(segments[0]), "\n"), "deletions are kept")
	require.Contains(t, s.read(segments[0]), `{"op":{"Delete":{"U64":3}}}`+"\n")
	state := map[string]struct{ Tier string }{}
	require.NoError(t, json.Unmarshal([]byte(s.read(s.dir+"/data/tiering_state.json")), &state))
	require.Equal(t, map[string]struct{ Tier string }{
		"tenants/default/collections/things/segments/" + filepath.Base(segments[0]): {"Hot"},
	}, state)
	s.stop()
	s = s.again(tiering()...)
	s.requireAll(documents(2))
	s.stop()

	// A segment that is taken away has to be taken out of the file too.
	require.NoError(t, os.Remove(segments[0]))
	broken := launch(t, start{dir: s.dir, environment: tiering()})
	require.Equal(t, failed, broken.exit())
}
