package conformance

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// logLevels gives the levels of the lines that the server wrote, each once, and
// checks the form of every line.
func (s *server) logLevels() []string {
	s.t.Helper()
	levels := []string{}
	for line := range strings.Lines(s.out()) {
		var read struct {
			Timestamp time.Time `json:"timestamp"`
			Level     string    `json:"level"`
			Fields    struct {
				Message string `json:"message"`
			} `json:"fields"`
		}
		require.NoError(s.t, json.Unmarshal([]byte(line), &read), line)
		require.NotZero(s.t, read.Timestamp, line)
		require.NotEmpty(s.t, read.Fields.Message, line)
		levels = append(levels, read.Level)
	}
	slices.Sort(levels)
	return slices.Compact(levels)
}

func TestLogFilter(t *testing.T) {
	info, debug, nothing := []string{"INFO"}, []string{"DEBUG", "INFO"}, []string{}
	for value, levels := range map[string][]string{
		"info":             info,
		"INFO":             info,
		"debug":            debug,
		"warn":             nothing,
		"error":            nothing,
		"off":              nothing,
		"info,audit=off":   info,
		"barq_storage=off": nothing,
		// An empty value leaves errors only, and a word that is no level is the name of a
		// module: of all others nothing is shown.
		"":        nothing,
		"verbose": nothing,
		// What cannot be read counts as not set.
		"=":            info,
		"info,h2=loud": info,
	} {
		t.Run(value, func(t *testing.T) {
			s := serve(t, start{environment: []string{"RUST_LOG=" + value}})
			s.fill(1)
			s.stop()
			require.Equal(t, levels, s.logLevels())
		})
	}
}

func TestLog(t *testing.T) {
	s := serve(t, start{})
	before := strings.Count(s.out(), "\n")
	inserted := s.fill(5)
	s.requireAll(inserted)
	s.search("things", 1, 0, 1)
	require.Equal(t, before+6, strings.Count(s.out(), "\n"), "a line for every write and none for a read")
	require.Empty(t, s.problems())
	s.stop()
	require.Equal(t, []string{"INFO"}, s.logLevels())

	// Why a start failed is not in the log but on the standard error.
	s = launch(t, start{environment: []string{"BARQ_CLUSTER_CONFIG=/does/not/exist"}})
	require.Equal(t, panicked, s.exit())
	require.NotContains(t, s.logLevels(), "ERROR")
	require.NotEmpty(t, s.problems())
}
