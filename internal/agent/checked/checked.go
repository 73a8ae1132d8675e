//go:build linux

package checked

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

const name = datadir.Agent + "/checked.json"

// Segments are what is known of segments, by their path.
type Segments struct {
	Known map[string]segment `json:"segments"`
}

// segment is a file that was found sound.
type segment struct {
	Inode    uint64 `json:"inode"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"`
	Changed  int64  `json:"changed"`
	// Rules is what the schema asked of documents.
	Rules   string      `json:"rules"`
	Summary wal.Summary `json:"summary"`
}

// of returns what identifies a file and its content.
func of(about fs.FileInfo, rules walline.Rules) segment {
	// The system call behind every Stat of os on Linux.
	stat, _ := about.Sys().(*syscall.Stat_t)
	return segment{
		Inode: stat.Ino, Size: about.Size(), Modified: about.ModTime().UnixNano(), Changed: stat.Ctim.Nano(),
		Rules: fmt.Sprintf("%+v", rules),
	}
}

// Load returns what is remembered. If that cannot be read, nothing is.
func Load(root *os.Root) Segments {
	var found Segments
	content, err := root.ReadFile(name)
	if err != nil || json.Unmarshal(content, &found) != nil {
		return Segments{}
	}
	return found
}

// Summary returns what a segment holds, if it was found sound and has not changed since.
func (s Segments) Summary(path string, about fs.FileInfo, rules walline.Rules) (wal.Summary, bool) {
	known, found := s.Known[path]
	if !found {
		return wal.Summary{}, false
	}
	summary := known.Summary
	known.Summary = wal.Summary{}
	return summary, known == of(about, rules)
}

// Note remembers a segment that is sound.
func (s *Segments) Note(root *os.Root, path string, size int64, rules walline.Rules, summary wal.Summary) error {
	about, err := root.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || about.Size() != size {
		return err
	}
	if s.Known == nil {
		s.Known = map[string]segment{}
	}
	noted := of(about, rules)
	noted.Summary = summary
	s.Known[path] = noted
	return nil
}

// Save replaces what is remembered.
func (s Segments) Save(root *os.Root) error {
	content, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := durable.MakeFolder(root, datadir.Agent); err != nil {
		return err
	}
	return durable.WriteFile(root, name, content, 0o644)
}
