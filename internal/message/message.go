package message

import (
	"strings"
	"unicode/utf8"
)

// The most that a message of a condition and of an event may hold, in bytes. The API server refuses a longer event, and a
// status whose condition has more than 32768.
const (
	ConditionLimit = 16384
	EventLimit     = 1024
)

// Bound cuts a text off at the limit, between two characters.
func Bound(text string, limit int) string {
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

// OneLine puts a text of several lines into one.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
