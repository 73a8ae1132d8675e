package calls

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/internal/agent/door"
	"github.com/barq-db/barq-operator/internal/barq/rpc"
)

// largestPart bounds the queries of one request, in bytes, so that there is room for what is around them.
const largestPart = door.LargestBody - 1<<10

// appendID writes the id of a document. A text that is a whole number in 64 bits is a number, and may have a plus.
func appendID(to []byte, id string) []byte {
	if number, err := strconv.ParseUint(strings.TrimPrefix(id, "+"), 10, 64); err == nil {
		return strconv.AppendUint(to, number, 10)
	}
	// A text is always JSON.
	text, _ := json.Marshal(id)
	return append(to, text...)
}

// appendVector writes numbers so that the server gets the same 32 bits: it reads 64, not always the nearest, and rounds them.
// Infinity becomes a number beyond 32 bits, which the server takes for infinity.
func appendVector(to []byte, vector []float32) []byte {
	to = append(to, '[')
	for index, number := range vector {
		if index > 0 {
			to = append(to, ',')
		}
		switch wide := float64(number); {
		case math.IsInf(wide, 1):
			to = append(to, "1e39"...)
		case math.IsInf(wide, -1):
			to = append(to, "-1e39"...)
		default:
			to = strconv.AppendFloat(to, wide, 'g', -1, 64)
		}
	}
	return append(to, ']')
}

// appendLine writes a JSON value of the client on lines of its own, so that the server's words about it name its own lines.
func appendLine(to []byte, value string) []byte {
	return append(append(append(to, '\n'), value...), '\n')
}

// appendCount writes how many documents are wanted, and the end of a body.
func appendCount(to []byte, count uint32) []byte {
	return append(strconv.AppendUint(append(to, `"top_k":`...), uint64(max(count, 1)), 10), '}')
}

func appendQuery(to []byte, query *rpc.SearchQuery) []byte {
	to = appendVector(append(to, `{"vector":`...), query.GetVector())
	if filter := query.GetFilterJson(); filter != "" {
		to = appendLine(append(to, `,"filter":`...), filter)
	}
	return append(to, '}')
}

// part are queries that go to the server together.
type part []*rpc.SearchQuery

func (p part) body(count uint32) []byte {
	body := []byte(`{"queries":[`)
	for index, query := range p {
		if index > 0 {
			body = append(body, ',')
		}
		body = appendQuery(body, query)
	}
	return appendCount(append(body, `],`...), count)
}
