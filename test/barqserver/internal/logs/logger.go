package logs

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Logger writes lines to one place.
type Logger struct {
	mutex  sync.Mutex
	out    io.Writer
	filter filter
}

// New gives a logger that shows what a value of RUST_LOG asks for.
func New(out io.Writer, filterText string) *Logger {
	parsed, err := parseFilter(filterText)
	if err != nil {
		// The default is a constant that can be read.
		parsed, _ = parseFilter(DefaultFilter)
	}
	return &Logger{out: out, filter: parsed}
}

// Fields are what a line says besides its message.
type Fields map[string]any

// Log writes a line, unless the filter hides it.
func (l *Logger) Log(level Level, target, message string, fields Fields) {
	if !l.filter.shows(level, target) {
		return
	}
	said := map[string]any{"message": message}
	for name, value := range fields {
		said[name] = value
	}
	// Texts and numbers can always be written as JSON.
	line, _ := json.Marshal(struct {
		Timestamp string         `json:"timestamp"`
		Level     string         `json:"level"`
		Fields    map[string]any `json:"fields"`
	}{time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), level.String(), said})
	l.mutex.Lock()
	defer l.mutex.Unlock()
	// A log that cannot be written is no reason to stop serving.
	_, _ = l.out.Write(append(line, '\n'))
}
