package markdown

import (
	"regexp"
	"strings"
)

// Block is a block of code between two fences.
type Block struct {
	// Language is what the first fence is marked with, for instance sh.
	Language string
	// Code is what stands between the fences, without their indentation.
	Code string
	// Line is the number of the first fence's line, from 1.
	Line int
	// Section is the heading of the second level above the block; empty above the first.
	Section string
	// Marker is the comment right above the block, without its brackets; empty if there is none.
	Marker string
}

var (
	opening = regexp.MustCompile("^( *)```(.*)$")
	comment = regexp.MustCompile(`^ *<!-- *(.*?) *-->$`)
)

// Blocks gives the blocks of a document in their order.
func Blocks(markdown string) []Block {
	var found []Block
	var section, above string
	lines := strings.Split(markdown, "\n")
	for number := 0; number < len(lines); number++ {
		line := lines[number]
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = heading
		}
		if fence := opening.FindStringSubmatch(line); fence != nil {
			block := Block{Language: fence[2], Line: number + 1, Section: section, Marker: above}
			for number++; number < len(lines) && strings.TrimSpace(lines[number]) != "```"; number++ {
				block.Code += strings.TrimPrefix(lines[number], fence[1]) + "\n"
			}
			found = append(found, block)
		}
		above = ""
		if marker := comment.FindStringSubmatch(line); marker != nil {
			above = marker[1]
		}
	}
	return found
}

// Shell gives what a person types of the block, and whether that is anything: all of
// a block of sh or bash, and the lines after a prompt of any other.
func (b Block) Shell() (string, bool) {
	if b.Language == "sh" || b.Language == "bash" {
		return b.Code, true
	}
	var typed strings.Builder
	for line := range strings.Lines(b.Code) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			typed.WriteString(command)
		}
	}
	return typed.String(), typed.Len() > 0
}
