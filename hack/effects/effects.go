package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

const (
	root     = "BarqClusterSpec"
	marker   = "+barq:effect="
	restart  = "restart"
	none     = "none"
	sentence = "A change restarts the pods one at a time."
)

var (
	constants = map[string]string{restart: "EffectRestart", "apply": "EffectApply", "operator": "EffectOperator", none: "EffectNone"}
	// saysRestart matches the sentence, also where it says which change restarts the pods.
	saysRestart = regexp.MustCompile(`A change (to or from \w+ )?restarts the pods one at a time\.|It cannot change\.`)
)

// fields are the fields of the spec that have a marker.
type fields struct {
	source  []byte
	files   *token.FileSet
	structs map[string]*ast.StructType
	marked  []marked
}

// marked is a field with a marker.
type marked struct {
	// path has the names in JSON, selector those in Go.
	path, selector string
	effect         string
	comment        *ast.CommentGroup
	// optional: the field is below a pointer or a list.
	optional bool
}

// read finds the markers in the source of the types. Each field of the spec has one, or a field above it has.
func read(source []byte) (*fields, error) {
	found := &fields{source: source, files: token.NewFileSet(), structs: map[string]*ast.StructType{}}
	file, err := parser.ParseFile(found.files, "", source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.TypeSpec); ok {
			if structure, ok := spec.Type.(*ast.StructType); ok {
				found.structs[spec.Name.Name] = structure
			}
		}
		return true
	})
	if err := found.walk(root, marked{}); err != nil {
		return nil, err
	}
	slices.SortFunc(found.marked, func(a, b marked) int { return cmp.Compare(a.path, b.path) })
	return found, nil
}

func (f *fields) walk(structure string, above marked) error {
	for _, field := range f.structs[structure].Fields.List {
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		this := marked{
			path: strings.TrimPrefix(above.path+"."+name, "."), selector: above.selector + "." + field.Names[0].Name,
			comment: field.Doc, effect: effectIn(field.Doc), optional: above.optional,
		}
		inner, optional := named(field.Type)
		if this.effect != "" {
			if err := this.check(); err != nil {
				return err
			}
			f.marked = append(f.marked, this)
			continue
		}
		if f.structs[inner] == nil {
			return fmt.Errorf("spec.%s has no marker; write // %srestart, apply, operator or none, as v1alpha1.Effect has them", this.path, marker)
		}
		this.optional = this.optional || optional
		if err := f.walk(inner, this); err != nil {
			return err
		}
	}
	return nil
}

// effectIn returns what the marker in a comment says; empty if there is none.
func effectIn(comment *ast.CommentGroup) string {
	for _, line := range comment.List {
		if effect, ok := strings.CutPrefix(line.Text, "// "+marker); ok {
			return effect
		}
	}
	return ""
}

// named returns the name of a type, and whether there may be none or several of it.
func named(kind ast.Expr) (name string, optional bool) {
	switch kind := kind.(type) {
	case *ast.StarExpr:
		name, _ = named(kind.X)
		return name, true
	case *ast.ArrayType:
		name, _ = named(kind.Elt)
		return name, true
	case *ast.Ident:
		return kind.Name, false
	}
	return "", false
}

// check says what is wrong with a marker.
func (m marked) check() error {
	says := saysRestart.MatchString(m.text())
	switch {
	case constants[m.effect] == "":
		return fmt.Errorf("spec.%s: there is no effect %q; write restart, apply, operator or none", m.path, m.effect)
	case says && m.effect != restart:
		return fmt.Errorf("spec.%s: the marker says %s and the comment that the pods restart; correct one of them", m.path, m.effect)
	case m.effect == none && m.optional:
		return fmt.Errorf("spec.%s: a field without effect cannot be below a pointer or a list", m.path)
	}
	return nil
}

// text returns the comment in one line, without markers.
func (m marked) text() string {
	return strings.Join(strings.Fields(m.comment.Text()), " ")
}

// explained returns the source with the sentence in the comment of each field whose change restarts the pods.
func (f *fields) explained() []byte {
	missing := map[int]bool{}
	for _, field := range f.marked {
		if field.effect != restart || saysRestart.MatchString(field.text()) {
			continue
		}
		for _, line := range field.comment.List {
			if strings.HasPrefix(line.Text, "// +") {
				missing[f.files.Position(line.Pos()).Line] = true
				break
			}
		}
	}
	var lines []string
	for number, line := range strings.Split(string(f.source), "\n") {
		if missing[number+1] {
			indent := line[:len(line)-len(strings.TrimLeft(line, "\t"))]
			lines = append(lines, indent+"// "+sentence)
		}
		lines = append(lines, line)
	}
	return []byte(strings.Join(lines, "\n"))
}

// table returns the Go file with the effects by path.
func (f *fields) table() ([]byte, error) {
	text := &bytes.Buffer{}
	text.WriteString("// Code generated by hack/effects from the markers of the types. DO NOT EDIT.\n\npackage v1alpha1\n\n" +
		"// effects are those of the fields of the spec, by path.\nvar effects = map[string]Effect{\n")
	for _, field := range f.marked {
		fmt.Fprintf(text, "%q: %s,\n", field.path, constants[field.effect])
	}
	text.WriteString("}\n\n// ResetWithoutEffect removes the fields from a spec whose change has no effect on what runs.\n" +
		"func (s *BarqClusterSpec) ResetWithoutEffect() {\n")
	for _, field := range f.marked {
		if field.effect == none {
			fmt.Fprintf(text, "reset(&s%s)\n", field.selector)
		}
	}
	text.WriteString("}\n")
	written, err := format.Source(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("formatting: %w", err)
	}
	return written, nil
}
