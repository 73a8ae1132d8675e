package walline_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/walline"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

func TestCheck(t *testing.T) {
	for line, want := range wallinetest.Lines() {
		_, kind, _ := walline.NewChecker(wallinetest.Rules()).Check([]byte(line))
		require.Equal(t, want, kind, "%.300q", line)
	}
}

func TestRecord(t *testing.T) {
	line := `{"op":{"Insert":{"id":{"Str":"a\"b"},"vector":[1.0,1e39],"payload":{"lat":1,"lon":2}}}}`
	record, kind, _ := walline.NewChecker(walline.Rules{}).Check([]byte(line))
	require.Equal(t, walline.Good, kind)
	require.Equal(t, "[1.0,1e39]", line[record.VectorText.Start:record.VectorText.End])
	require.Equal(t, `{"lat":1,"lon":2}`, line[record.PayloadText.Start:record.PayloadText.End])
	record.VectorText, record.PayloadText = walline.Span{}, walline.Span{}
	require.Equal(t, walline.Record{
		Op: walline.Insert, ID: walline.ID{Text: `a"b`, IsText: true}, Dimension: 2, Infinite: true, Payload: walline.Point, Members: 2,
	}, record)
	require.Equal(t, `a"b`, record.ID.String())

	record, kind, _ = walline.NewChecker(walline.Rules{}).Check([]byte(`{"op":{"Delete":{"U64":9007199254740993}}}`))
	require.Equal(t, walline.Good, kind)
	require.Equal(t, walline.Record{Op: walline.Delete, ID: walline.ID{Number: 9007199254740993}}, record)
	require.Equal(t, "9007199254740993", record.ID.String())
}
