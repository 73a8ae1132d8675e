package agenttest

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/agent/repair"
	"github.com/barq-db/barq-operator/internal/barq/wal"
)

// AddLogs adds the log and the rotated segment of each of Damages to what a target with two files begins with.
func AddLogs(f *testing.F) {
	f.Helper()
	f.Add([]byte(torn+one+two+torn+"\n"+poison+gone), []byte(wal.Seal+torn+wal.Seal+"\x00"+one))
	seen := map[[2]string]bool{}
	for _, name := range slices.Sorted(maps.Keys(Damages)) {
		files := Damages[name].Files
		pair := [2]string{files[Log], files[Rotated]}
		if !seen[pair] {
			seen[pair] = true
			f.Add([]byte(pair[0]), []byte(pair[1]))
		}
	}
}

// RepairAll repairs the files of one collection, and does without all that is not certain, as a person may decide. It
// changes nothing and returns false if no person can decide so: the log does not suit the schema, or has too many damages.
func RepairAll(t testing.TB, root *os.Root) bool {
	t.Helper()
	found, err := repair.Look(root, repair.Nothing, repair.Weightless)
	require.NoError(t, err)
	options := repair.Options{Policy: repair.Quarantine}
	tooMany := false
	for _, file := range found[0].Files {
		tooMany = tooMany || len(file.Damages) == repair.MaxDamages
		for _, damage := range file.Damages {
			options.TakeOut = append(options.TakeOut, repair.Place{File: file.Path, Offset: damage.Offset})
		}
	}
	made := repair.Decide(found, options)
	for _, block := range made.Blocks {
		require.True(t, block.Line == 0 || tooMany, block.Message)
	}
	if len(made.Blocks) > 0 {
		return false
	}
	_, err = repair.CarryOut(root, made, Now)
	require.NoError(t, err)
	return true
}
