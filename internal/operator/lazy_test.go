package operator

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// counted tells how often its field was written.
type counted struct{ times *int }

func (c counted) MarshalLogObject(zapcore.ObjectEncoder) error {
	*c.times++
	return nil
}

func TestOnlyWhatIsLoggedIsWritten(t *testing.T) {
	memory, lines := observer.New(zapcore.InfoLevel)
	logger := zap.New(lazyCore{memory}).With(zap.String("controller", "a")).With(zap.Int("pass", 1))
	logger.Debug("not asked for")
	require.Zero(t, lines.Len())
	other := logger.With(zap.String("name", "b"))
	other.Info("said")
	logger.Info("said too")
	entries := lines.All()
	require.Equal(t, map[string]any{"controller": "a", "pass": int64(1), "name": "b"}, entries[0].ContextMap())
	require.Equal(t, map[string]any{"controller": "a", "pass": int64(1)}, entries[1].ContextMap())

	times := 0
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{})
	silent := zap.New(lazyCore{zapcore.NewCore(encoder, zapcore.AddSync(discard{}), zapcore.InfoLevel)})
	passing := silent.With(zap.Object("field", counted{&times})).With(zap.Int("pass", 1))
	passing.Debug("not asked for")
	require.Zero(t, times)
	passing.Info("asked for")
	require.Equal(t, 1, times)
}

type discard struct{}

func (discard) Write(text []byte) (int, error) { return len(text), nil }
