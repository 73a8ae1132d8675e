package pvcs

import (
	"fmt"
	"strings"
)

// named is how many PVCs a message names, because a condition has a maximum length.
const named = 20

// List joins the texts, and counts those that are too many.
func List(texts []string) string {
	if len(texts) <= named {
		return strings.Join(texts, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(texts[:named], "; "), len(texts)-named)
}

// excerptLength is how much of another program's message is repeated for each PVC.
const excerptLength = 300

// Excerpt returns the beginning of another program's message.
func Excerpt(message string) string {
	if runes := []rune(message); len(runes) > excerptLength {
		return string(runes[:excerptLength]) + "..."
	}
	return message
}
