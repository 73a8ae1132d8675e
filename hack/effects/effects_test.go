package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const source = `package v1alpha1

type BarqClusterSpec struct {
	// a is the first field.
	// +barq:effect=restart
	// +optional
	A string %[1]sjson:"a,omitempty"%[1]s

	// b holds further fields.
	// +optional
	B Inner %[1]sjson:"b,omitempty"%[1]s
}

type Inner struct {
	// c is read by the API server.
	// +barq:effect=none
	C *int32 %[1]sjson:"c,omitempty"%[1]s
}
`

func text(replacements ...string) []byte {
	return []byte(strings.NewReplacer(replacements...).Replace(strings.ReplaceAll(source, "%[1]s", "`")))
}

func TestMarkersBecomeATableAndSentences(t *testing.T) {
	found, err := read(text())
	require.NoError(t, err)
	generated, err := found.table()
	require.NoError(t, err)
	require.Contains(t, string(generated), "var effects = map[string]Effect{\n\t\"a\":   EffectRestart,\n\t\"b.c\": EffectNone,\n}\n")
	require.Contains(t, string(generated), "func (s *BarqClusterSpec) ResetWithoutEffect() {\n\treset(&s.B.C)\n}\n")

	explained := found.explained()
	require.Equal(t, string(text("first field.\n", "first field.\n\t// A change restarts the pods one at a time.\n")), string(explained))
	again, err := read(explained)
	require.NoError(t, err)
	require.Equal(t, string(explained), string(again.explained()))
}

func TestMarkersThatAreWrong(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"missing": {"\t// +barq:effect=restart\n", "", "spec.a has no marker; write // +barq:effect=restart, apply, operator or none, as v1alpha1.Effect has them"},
		"unknown": {"effect=restart", "effect=reboot", `spec.a: there is no effect "reboot"; write restart, apply, operator or none`},
		"against the comment": {
			"by the API server.", "by the pods. A change\n\t// restarts the pods one at a time.",
			"spec.b.c: the marker says none and the comment that the pods restart; correct one of them",
		},
		"below a pointer": {"B Inner", "B *Inner", "spec.b.c: a field without effect cannot be below a pointer or a list"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(text(test.from, test.to))
			require.EqualError(t, err, test.want)
		})
	}
}

// The files that are there are what the generator writes.
func TestEffectsAreCurrent(t *testing.T) {
	written, err := os.ReadFile("../../" + types)
	require.NoError(t, err)
	found, err := read(written)
	require.NoError(t, err)
	generated, err := found.table()
	require.NoError(t, err)
	current, err := os.ReadFile("../../" + table)
	require.NoError(t, err)
	require.Equal(t, string(current), string(generated), "run make generate")
	require.Equal(t, string(written), string(found.explained()), "run make generate")
}
