package operator_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/operator"
	"github.com/barq-db/barq-operator/internal/version"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := operator.NewCommand()
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&out)
	command.SetArgs(args)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestVersion(t *testing.T) {
	out, err := run(t, "--version")
	require.NoError(t, err)
	require.Equal(t, "barq-operator version "+version.String()+"\n", out)
}

// A mistake on the command line ends the operator with a message that says what to write.
func TestMistakesAreExplained(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"log level":    {[]string{"--log-level", "loud"}, `--log-level: "loud" is unknown; write debug, info or error`},
		"rollouts":     {[]string{"--max-unrequested-rollouts", "-1"}, `--max-unrequested-rollouts: -1 is negative; write 0 to hold all of them back`},
		"watches file": {[]string{"--watches-file", "none.yaml"}, `reading the watches file: open none.yaml: no such file or directory`},
		"argument":     {[]string{"start"}, `unknown command "start" for "barq-operator"`},
		"flag":         {[]string{"--leader"}, `unknown flag: --leader`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, test.args...)
			require.EqualError(t, err, test.want)
		})
	}
}
