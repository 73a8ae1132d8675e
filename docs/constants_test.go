package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// group is a block of constants with the comment above it.
type group struct {
	comment   string
	constants []constant
}

// constant is an exported string constant; its comment is without its name.
type constant struct {
	name, value, comment string
}

// constantsOf reads the blocks of exported string constants in a Go file.
func constantsOf(t *testing.T, path string) []group {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	require.NoError(t, err)
	var groups []group
	for _, declaration := range file.Decls {
		block, ok := declaration.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		found := group{comment: sentence(block.Doc)}
		for _, spec := range block.Specs {
			if constant, ok := stringConstant(t, spec.(*ast.ValueSpec)); ok {
				found.constants = append(found.constants, constant)
			}
		}
		if len(found.constants) > 0 {
			groups = append(groups, found)
		}
	}
	require.NotEmpty(t, groups, path)
	return groups
}

func stringConstant(t *testing.T, spec *ast.ValueSpec) (constant, bool) {
	t.Helper()
	if len(spec.Values) != 1 || !spec.Names[0].IsExported() {
		return constant{}, false
	}
	value := spec.Values[0]
	if conversion, ok := value.(*ast.CallExpr); ok && len(conversion.Args) == 1 {
		value = conversion.Args[0]
	}
	literal, ok := value.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return constant{}, false
	}
	text, err := strconv.Unquote(literal.Value)
	require.NoError(t, err)
	name := spec.Names[0].Name
	comment := strings.TrimPrefix(sentence(spec.Doc), name)
	comment = strings.TrimPrefix(strings.TrimPrefix(comment, ": "), " is ")
	return constant{name: name, value: text, comment: comment}, true
}

// sentence gives a comment in one line.
func sentence(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}

// values gives the values of all constants whose name begins with the prefix.
func values(groups []group, prefix string) []string {
	var found []string
	for _, group := range groups {
		for _, constant := range group.constants {
			if strings.HasPrefix(constant.name, prefix) {
				found = append(found, constant.value)
			}
		}
	}
	return found
}

var (
	conditionsFile = filepath.Join(root, "api/v1alpha1/conditions.go")
	statusFile     = filepath.Join(root, "api/v1alpha1/barqcluster_status.go")
)
