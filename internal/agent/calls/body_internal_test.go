package calls

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// As the server's own gRPC reads ids.
func TestIDs(t *testing.T) {
	for id, want := range map[string]string{
		"1": "1", "+1": "1", "007": "7", "0": "0", "18446744073709551615": "18446744073709551615",
		"18446744073709551616": `"18446744073709551616"`, "-1": `"-1"`, "++1": `"++1"`, "1_000": `"1_000"`, "": `""`, "٣": `"٣"`,
	} {
		require.Equal(t, want, string(appendID(nil, id)), id)
	}
}

// Each number that there is gets through, though the server reads 64 bits that may be a few steps off.
func TestNumbersKeepTheirBits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	vector := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 16777217, 1e6, 1e21}
	for range 100_000 {
		if number := math.Float32frombits(random.Uint32()); !math.IsNaN(float64(number)) && !math.IsInf(float64(number), 0) {
			vector = append(vector, number)
		}
	}
	text := string(appendVector(nil, vector))
	require.True(t, json.Valid([]byte(text)))
	for index, written := range strings.Split(strings.Trim(text, "[]"), ",") {
		wide, err := strconv.ParseFloat(written, 64)
		require.NoError(t, err)
		near := []float64{wide}
		if wide != 0 {
			near = append(near, math.Float64frombits(math.Float64bits(wide)-4), math.Float64frombits(math.Float64bits(wide)+4))
		}
		for _, wide := range near {
			require.Equal(t, math.Float32bits(vector[index]), math.Float32bits(float32(wide)), written)
		}
	}
	infinity := float32(math.Inf(1))
	require.Equal(t, "[1e39,-1e39]", string(appendVector(nil, []float32{infinity, -infinity})))
}

// The parts of a batch are its queries in their order, and HTTP takes each.
func TestParts(t *testing.T) {
	vector := make([]float32, 40_000)
	for index := range vector {
		vector[index] = float32(index) / 3
	}
	asked := &rpc.BatchSearchRequest{Collection: "things", TopK: 5}
	for range 7 {
		asked.Queries = append(asked.Queries, &rpc.SearchQuery{Vector: vector}, &rpc.SearchQuery{Vector: vector[:2]})
	}
	parts, err := (&Service{}).parts(t.Context(), asked)
	require.NoError(t, err)
	require.Greater(t, len(parts), 2)
	var all []*rpc.SearchQuery
	for _, part := range parts {
		body := part.body(asked.GetTopK())
		require.LessOrEqual(t, len(body), door.LargestBody)
		require.True(t, json.Valid(body))
		all = append(all, part...)
	}
	require.Equal(t, asked.GetQueries(), all)

	small := &rpc.BatchSearchRequest{Queries: slices.Repeat([]*rpc.SearchQuery{{}}, 400_000)}
	parts, err = (&Service{}).parts(t.Context(), small)
	require.NoError(t, err)
	for _, part := range parts {
		require.LessOrEqual(t, len(part.body(5)), door.LargestBody, "commas count too")
	}

	parts, err = (&Service{}).parts(t.Context(), &rpc.BatchSearchRequest{})
	require.NoError(t, err)
	require.Equal(t, []part{nil}, parts)
	require.Equal(t, `{"queries":[],"top_k":1}`, string(parts[0].body(0)), "so that the collection is looked for")
}
