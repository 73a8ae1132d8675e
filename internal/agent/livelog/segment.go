//go:build linux

package livelog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// A segment that was a log is called segment_rotated_N.jsonl, N with twenty digits. The server
// reads segments in the order of their names, so it comes after those of its own compaction, which
// are called segment_compacted_....
const (
	prefix = "segment_rotated_"
	suffix = ".jsonl"
	digits = 20
)

// nextSegment returns the number and the path of the next segment in the folder of a collection,
// and makes the folder that it is in. The number is above the last one and those that are there.
func nextSegment(folder *os.Root, last uint64) (uint64, string, error) {
	switch err := folder.Mkdir(datadir.SegmentsFolder, 0o755); {
	case err == nil:
		if err := durable.Sync(folder, "."); err != nil {
			return 0, "", err
		}
	case !errors.Is(err, fs.ErrExist):
		return 0, "", err
	}
	entries, err := fs.ReadDir(folder.FS(), datadir.SegmentsFolder)
	if err != nil {
		return 0, "", err
	}
	for _, entry := range entries {
		if number, isOurs := segmentNumber(entry.Name()); isOurs {
			last = max(last, number)
		}
	}
	return last + 1, path.Join(datadir.SegmentsFolder, fmt.Sprintf("%s%0*d%s", prefix, digits, last+1, suffix)), nil
}

func segmentNumber(name string) (uint64, bool) {
	middle, hasPrefix := strings.CutPrefix(name, prefix)
	middle, hasSuffix := strings.CutSuffix(middle, suffix)
	if !hasPrefix || !hasSuffix || len(middle) != digits {
		return 0, false
	}
	number, err := strconv.ParseUint(middle, 10, 64)
	return number, err == nil
}
