package message

import (
	"strings"
	"unicode/utf8"
)

// The maximum lengths of the messages of a condition and of an event, in bytes. The API server refuses
// a longer event, and a status with a condition of more than 32768.
const (
	ConditionLimit = 16384
	EventLimit     = 1024
)

// Bound cuts a text at the limit, between two characters.
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

// OneLine joins the lines of a text into one.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
