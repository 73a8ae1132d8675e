// Package vale holds the rules of pages and messages, which make lint applies with Vale.
package vale

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	prose   = regexp.MustCompile(`[A-Za-z]\S* [A-Za-z]`)
	verb    = regexp.MustCompile(`%[-+#0-9.\[\]]*[a-zA-Z]`)
	actions = regexp.MustCompile(`\{\{.*?\}\}`)
	// refusals are the messages of the API server, in the markers of the API and in admission policies.
	refusals = regexp.MustCompile(`(?:message|messageExpression)(?:=|: )"((?:[^"\\]|\\.)*)"`)
)

// WriteMessages writes each message in the source below the folders into a file of its own, for Vale to read. The file
// is below target and has the name of the source and the line, such as main.go:7.txt.
func WriteMessages(target string, folders ...string) error {
	for _, folder := range folders {
		if err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			return write(target, path)
		}); err != nil {
			return err
		}
	}
	return nil
}

func write(target, path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	messages := map[int]string{}
	if err := read(path, string(source), messages); err != nil {
		return err
	}
	for line, text := range messages {
		if !prose.MatchString(text) {
			continue
		}
		file := filepath.Join(target, fmt.Sprintf("%s:%d.txt", path, line))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// read adds the messages of a file to messages, each under the line that it begins in.
func read(path, source string, messages map[int]string) error {
	if strings.HasSuffix(path, "_test.go") {
		return nil
	}
	for i, line := range strings.Split(source, "\n") {
		for _, refusal := range refusals.FindAllStringSubmatch(line, -1) {
			messages[i+1] += sentence(refusal[1])
		}
	}
	switch {
	case strings.HasSuffix(path, ".go"):
		return readGo(path, source, messages)
	case strings.HasSuffix(path, ".tpl"), filepath.Base(path) == "NOTES.txt":
		readTemplate(source, filepath.Base(path) == "NOTES.txt", messages)
	}
	return nil
}

// readTemplate adds the lines of a template without its actions. In wrapped text an indented line belongs to the line
// before it.
func readTemplate(source string, wrapped bool, messages map[int]string) {
	begin := 1
	for i, line := range strings.Split(source, "\n") {
		if !wrapped || !strings.HasPrefix(line, "  ") {
			begin = i + 1
		}
		messages[begin] += actions.ReplaceAllString(line, "*") + " "
	}
}

// readGo adds the strings of a Go file.
func readGo(path, source string, messages map[int]string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var visit func(node ast.Node) bool
	// text returns the text of a sum, with an asterisk for each part that is not a string, and visits such parts.
	var text func(node ast.Expr) string
	text = func(node ast.Expr) string {
		switch node := node.(type) {
		case *ast.BasicLit:
			value, _ := strconv.Unquote(node.Value)
			return value
		case *ast.BinaryExpr:
			return text(node.X) + text(node.Y)
		}
		ast.Inspect(node, visit)
		return "*"
	}
	visit = func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.BasicLit, *ast.BinaryExpr:
			messages[files.Position(node.Pos()).Line] += sentence(text(node.(ast.Expr)))
			return false
		}
		return true
	}
	ast.Inspect(file, visit)
	return nil
}

// sentence returns a message with an end, because another one can follow in its line; nothing for a name or for JSON.
func sentence(text string) string {
	if !prose.MatchString(text) || json.Valid([]byte(text)) {
		return ""
	}
	text = strings.Join(strings.Fields(verb.ReplaceAllString(text, "*")), " ")
	return strings.TrimRight(text, ".:;, ") + ". "
}
