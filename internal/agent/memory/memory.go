//go:build linux

package memory

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// name is the file that remembers.
const name = datadir.Agent + "/memory.json"

// limits are the files that may have the limit of this container, in cgroup v2 and in v1.
var limits = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// Limit returns the limit of this container in bytes, or 0 if it has none.
func Limit() int64 {
	for _, file := range limits {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
		// In v1 no limit is the largest number of pages.
		if err != nil || limit > math.MaxInt64/2 {
			return 0
		}
		return limit
	}
	return 0
}

// Of returns the resident memory of a process in bytes.
func Of(pid int) (int64, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	about, err := process.Stat()
	if err != nil {
		return 0, err
	}
	return int64(about.ResidentMemory()), nil
}

// remembered is the content of the file.
type remembered struct {
	// Used is what the server took, in bytes.
	Used int64 `json:"used"`
}

// Remembered returns what the server took last, or 0 if that is not known.
func Remembered(root *os.Root) int64 {
	var found remembered
	content, err := root.ReadFile(name)
	if err != nil || json.Unmarshal(content, &found) != nil {
		return 0
	}
	return found.Used
}

// Remember writes down what the server takes.
func Remember(root *os.Root, used int64) error {
	content, err := json.Marshal(remembered{Used: used})
	if err != nil {
		return err
	}
	return durable.WriteFile(root, name, content, 0o644)
}
