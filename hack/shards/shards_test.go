package shards

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const tests = `package some

func TestMain(m *testing.M) {}

func TestOne(t *testing.T) {}

func helper(t *testing.T) {}

func TestTwo(t *testing.T) {}

func TestLong(t *testing.T) {}
`

// passes is a program that passes each test of its -test.run, and says which process it is.
const passes = `#!/bin/bash
echo "process $1"
tr -d '^()$' <<<"$3" | tr '|' '\n' | sed 's/.*/--- PASS: & (0.00s)/'
`

// run runs two processes of a program in a folder with tests of which one is slow.
func run(t *testing.T, program, seconds string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "testdata"), 0o750))
	for name, content := range map[string]string{"some_test.go": tests, "testdata/seconds.txt": seconds, "program": program} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700))
	}
	out, err := exec.Command("./shards.sh", "2", folder, filepath.Join(folder, "program"), "{}").CombinedOutput()
	return string(out), err
}

func TestEachTestRunsInOneProcess(t *testing.T) {
	out, err := run(t, passes, "TestLong 60\n")
	require.NoError(t, err, out)
	require.Regexp(t, `=== 3 tests passed in 2 processes and \d+ s\n$`, out)
	shares := strings.Split(out, "\n=== process ")[1:]
	require.Len(t, shares, 2)
	slices.SortFunc(shares, func(a, b string) int { return strings.Compare(processOf(a), processOf(b)) })
	require.Contains(t, shares[0], "--- PASS: TestLong ")
	require.NotContains(t, shares[0], "TestOne")
	require.Contains(t, shares[1], "--- PASS: TestOne ")
	require.Contains(t, shares[1], "--- PASS: TestTwo ")
}

// processOf is the line in which the program says which process it is.
func processOf(share string) string { return strings.Split(share, "\n")[1] }

func TestAFailureOfOneProcessIsTheirs(t *testing.T) {
	out, err := run(t, passes+"[ $1 = 0 ]\n", "")
	require.Error(t, err)
	require.Contains(t, out, "process 2 of 2 ended with exit code 1 after ")
	require.Contains(t, out, "shards: tests failed in 1 of 2 processes\n")
}

func TestWhatIsAmiss(t *testing.T) {
	out, err := run(t, passes, "TestGone 60\n")
	require.Error(t, err)
	require.Contains(t, out, "testdata/seconds.txt names TestGone, which is no test\n")
	out, err = run(t, "#!/bin/bash\n", "")
	require.Error(t, err)
	require.Contains(t, out, "shards: 0 tests ran of 3\n")
}

// A suite whose list is out of date would fail in CI, after an hour.
func TestTheListsNameTests(t *testing.T) {
	for _, suite := range []string{"integration", "e2e"} {
		folder := filepath.Join("..", "..", "test", suite)
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		require.NoError(t, err)
		var source strings.Builder
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			source.Write(content)
		}
		listed, err := os.ReadFile(filepath.Join(folder, "testdata", "seconds.txt"))
		require.NoError(t, err)
		for line := range strings.Lines(string(listed)) {
			require.Contains(t, source.String(), "\nfunc "+strings.Fields(line)[0]+"(", suite)
		}
	}
}
