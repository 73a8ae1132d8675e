package calls

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// What HTTP says of a body is turned into what gRPC says of the text in it.
func TestReasons(t *testing.T) {
	const syntax, content = "Failed to parse the request body as JSON: ", "Failed to deserialize the JSON body into the target type: "
	for _, c := range []struct{ said, text, want string }{
		{syntax + "payload: EOF while parsing an object at line 2 column 1", "{", "EOF while parsing an object at line 1 column 1"},
		{syntax + "payload.a: expected value at line 3 column 2", "{\"a\":\n x}", "expected value at line 2 column 2"},
		{content + "queries[0].filter.op: unknown variant `x`, expected one of: `and` at line 2 column 9", `{"op":"x"}`, "unknown variant `x`, expected one of: `and` at line 1 column 9"},
		{content + "queries[0].filter: missing field `value` at line 3 column 1", `{"op":"eq"}`, "missing field `value`"},
		{content + "queries[0].filter: missing field `value`", `{"op":"eq"}`, "missing field `value`"},
		{"other words", "{", "other words"},
	} {
		require.Equal(t, c.want, reason(c.said, c.text, 2), c.said)
	}
	queries := part{{}, {FilterJson: "{\n\n}"}, {}, {FilterJson: `{"op":"x"}`}}
	require.Equal(t, "wrong at line 1 column 9", queries.reason(content+"queries[3].filter.op: wrong at line 6 column 9"))
	require.Equal(t, "wrong at line 3 column 1", queries.reason(content+"queries[1].filter: wrong at line 4 column 1"))
	strange := content + "queries[4].filter: wrong"
	require.Equal(t, strange, queries.reason(strange))
}

func TestPlaces(t *testing.T) {
	require.Equal(t, "line 1 column 4", place("{} x", 4))
	require.Equal(t, "line 2 column 5", place("\n null", 6))
	require.Equal(t, "line 1 column 0", place("", 0))
}

// Only what says of the collection or its tenant that it is missing is NOT_FOUND.
func TestWhatIsMissing(t *testing.T) {
	for text, want := range map[string]string{
		"storage error: catalog error: collection a not found":             "collection a not found",
		"storage error: catalog error: tenant of two words does not exist": "tenant of two words does not exist",
		"storage error: catalog error: collection b not found":             "",
		"storage error: catalog error: index error: a does not exist":      "",
		"catalog error: collection a not found":                            "",
	} {
		require.Equal(t, want, missingIn(text, "a"), text)
	}
}

func TestSizeOfAnswer(t *testing.T) {
	require.Equal(t, int64(640), SizeOfAnswer(&rpc.SearchRequest{TopK: 10}))
	require.Equal(t, int64(LargestAnswer), SizeOfAnswer(&rpc.SearchRequest{TopK: 1<<32 - 1}))
	require.Equal(t, int64(1280), SizeOfAnswer(&rpc.BatchSearchRequest{TopK: 10, Queries: make([]*rpc.SearchQuery, 2)}))
	require.Zero(t, SizeOfAnswer(&rpc.InsertDocumentRequest{}))
}
