package wal_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// record writes a line as the server does, of a document with a small payload.
func record(random *rand.Rand, id, dimension int) []byte {
	line := fmt.Appendf(nil, `{"op":{"Insert":{"id":{"U64":%d},"vector":[`, id)
	for index := range dimension {
		if index > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendFloat(line, random.Float64()*2-1, 'g', -1, 32)
	}
	return fmt.Appendf(line, `],"payload":{"n":%d,"title":"document %d"}}}}`+"\n", id, id)
}

// BenchmarkScan reads lines of 128 components from memory. The server's own replay takes about
// 36 µs for one.
func BenchmarkScan(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var file []byte
	const lines = 10000
	for id := range lines {
		file = append(file, record(random, id+1, 128)...)
	}
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		summary, err := wal.Scan(bytes.NewReader(file), walline.Rules{Dimension: 128}, func(damage wal.Damage, text []byte) error {
			return fmt.Errorf("%+v %s", damage, text)
		})
		require.NoError(b, err)
		require.Equal(b, lines, summary.Inserts)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(lines*b.N), "µs/line")
}
