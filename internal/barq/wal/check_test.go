package wal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/wal/waltest"
)

func TestCheck(t *testing.T) {
	for line, want := range waltest.Lines() {
		_, kind, _ := wal.NewChecker(waltest.Rules()).Check([]byte(line))
		require.Equal(t, want, kind, "%.300q", line)
	}
}

func TestRecord(t *testing.T) {
	line := `{"op":{"Insert":{"id":{"Str":"a\"b"},"vector":[1.0,1e39],"payload":{"lat":1,"lon":2}}}}`
	record, kind, _ := wal.NewChecker(wal.Rules{}).Check([]byte(line))
	require.Equal(t, wal.Good, kind)
	require.Equal(t, "[1.0,1e39]", line[record.VectorText.Start:record.VectorText.End])
	require.Equal(t, `{"lat":1,"lon":2}`, line[record.PayloadText.Start:record.PayloadText.End])
	record.VectorText, record.PayloadText = wal.Span{}, wal.Span{}
	require.Equal(t, wal.Record{
		Op: wal.Insert, ID: wal.ID{Text: `a"b`, IsText: true}, Dimension: 2, Infinite: true, Payload: wal.Point,
	}, record)
	require.Equal(t, `a"b`, record.ID.String())

	record, kind, _ = wal.NewChecker(wal.Rules{}).Check([]byte(`{"op":{"Delete":{"U64":9007199254740993}}}`))
	require.Equal(t, wal.Good, kind)
	require.Equal(t, wal.Record{Op: wal.Delete, ID: wal.ID{Number: 9007199254740993}}, record)
	require.Equal(t, "9007199254740993", record.ID.String())
}
