package status

import (
	"strings"
	"unicode/utf8"
)

// The most that a message may hold, in bytes. The API server refuses a longer event,
// and a status whose condition has more than 32768; texts of others, such as the
// error of a registry, have no limit of their own.
const (
	conditionLimit = 16384
	eventLimit     = 1024
	podLimit       = 1024
)

// bounded cuts a text off at the limit, between two characters.
func bounded(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const mark = "..."
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// oneLine puts a text of several lines into one.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
