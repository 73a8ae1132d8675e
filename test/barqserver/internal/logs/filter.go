package logs

import (
	"fmt"
	"strings"
)

// Level is how much a line matters. A higher level matters less.
type Level int

// The levels. Off is no line's.
const (
	Off Level = iota
	Error
	Warn
	Info
	Debug
	Trace
)

var levelNames = []string{Off: "OFF", Error: "ERROR", Warn: "WARN", Info: "INFO", Debug: "DEBUG", Trace: "TRACE"}

func (l Level) String() string { return levelNames[l] }

func parseLevel(text string) (Level, bool) {
	for level, name := range levelNames {
		if strings.EqualFold(text, name) || text == fmt.Sprint(level) {
			return Level(level), true
		}
	}
	return Off, false
}

// DefaultFilter is what holds without RUST_LOG, and with one that cannot be read.
const DefaultFilter = "info,barq_api=debug,barq_storage=debug"

// filter gives the level of each target, the empty one meaning all others.
type filter map[string]Level

// parseFilter reads a value of RUST_LOG. An empty one leaves only errors. A word that
// is no level is a target, of which all lines are shown, and then nothing else is:
// with RUST_LOG=verbose the server is silent.
func parseFilter(text string) (filter, error) {
	parsed := filter{}
	for directive := range strings.SplitSeq(text, ",") {
		directive = strings.TrimSpace(directive)
		if directive == "" {
			continue
		}
		target, levelName, hasLevel := strings.Cut(directive, "=")
		if !hasLevel {
			if level, isLevel := parseLevel(directive); isLevel {
				parsed[""] = level
			} else {
				parsed[directive] = Trace
			}
			continue
		}
		level, isLevel := parseLevel(levelName)
		if !isLevel || target == "" {
			return nil, fmt.Errorf("RUST_LOG: %q: want a level, a target, or target=level", directive)
		}
		parsed[target] = level
	}
	if len(parsed) == 0 {
		parsed[""] = Error
	}
	return parsed, nil
}

// shows tells whether a line is written: the longest target that its own begins with
// decides.
func (f filter) shows(level Level, target string) bool {
	longest, limit := -1, Off
	for prefix, allowed := range f {
		if strings.HasPrefix(target, prefix) && len(prefix) > longest {
			longest, limit = len(prefix), allowed
		}
	}
	return level <= limit
}
