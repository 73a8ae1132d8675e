//go:build linux

package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutDoor is the last commit whose agent clients do not come through.
const withoutDoor = "d57a791731c4a7dcf62d5d74c010c0102ab2b40f"

// buildFormer builds the agent of that commit. A checkout without the commit gets none.
func buildFormer(folder string) (program string, err error) {
	const root = "../.."
	isThere := exec.Command("git", "-C", root, "cat-file", "-e", withoutDoor+"^{commit}").Run() == nil
	if !isThere {
		return "", nil
	}
	sources, archive := filepath.Join(folder, "former"), filepath.Join(folder, "former.tar")
	if err := os.Mkdir(sources, 0o700); err != nil {
		return "", err
	}
	program = filepath.Join(folder, "barq-agent-former")
	compile := exec.Command("go", "build", "-o", program, "./cmd/barq-agent")
	compile.Dir = sources
	compile.Env = append(os.Environ(), "GOWORK=off")
	for _, command := range []*exec.Cmd{
		exec.Command("git", "-C", root, "archive", "--output", archive, withoutDoor, "go.mod", "go.sum", "cmd", "internal"),
		exec.Command("tar", "-x", "-C", sources, "-f", archive),
		compile,
	} {
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Run(); err != nil {
			return "", err
		}
	}
	return program, nil
}

// An agent goes on with the data of a former one, and a former one with its data, whatever was moved and compacted. Each is killed
// while clients write.
func TestDataOfAFormerAgent(t *testing.T) {
	if formerProgram == "" {
		t.Skipf("this checkout lacks the commit %s; run: git fetch --unshallow", withoutDoor)
	}
	first := serve(t, how{program: formerProgram})
	first.fill(0)
	first.stop()
	l := newLedger()
	for number := range 6 {
		h := killed(t, first.data, "--commit")
		if number%2 == 0 {
			h.flags, h.door, h.rpc, h.program = h.flags[:len(h.flags)-1], false, "", formerProgram
		}
		a := serve(t, h)
		l.check(a)
		l.writeUntil(a, 1+number*1_000_000, a.kill)
		require.Empty(t, a.lines("acknowledged writes are taken out of the log"))
	}
	last := serve(t, how{data: first.data})
	l.check(last)
	last.stop()
}
