package quarantine

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

const (
	folder   = datadir.Agent + "/quarantine"
	bytesOf  = "bytes"
	manifest = "manifest.jsonl"
	// closed is there once nothing more is to be done about the folder. It holds the time.
	closed = "closed"
)

// Entry is a piece that was taken out: a line of the manifest.
type Entry struct {
	datadir.Collection
	// File is where it was, relative to the data directory.
	File string `json:"file"`
	// Line is the number of its line, from 1. Offset and Length are where it was in the file.
	Line   int   `json:"line"`
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
	// Kind is what is wrong with it.
	Kind string `json:"kind"`
	// Lost says that it may be an acknowledged write.
	Lost bool `json:"lost"`
	// Op and ID are what the record says, if that is known.
	Op string `json:"op,omitempty"`
	ID string `json:"id,omitempty"`
	// Sum is the SHA-256 sum of its bytes, and At where they begin in the file bytes.
	Sum string `json:"sum"`
	At  int64  `json:"at"`
	// Zeros says that it is nothing but zeros, which are not kept.
	Zeros bool      `json:"zeros,omitempty"`
	Time  time.Time `json:"time"`
}

// Writer puts pieces of one file into quarantine.
type Writer struct {
	root     *os.Root
	staged   string
	bytes    *os.File
	manifest *os.File
	lines    *bufio.Writer
	time     time.Time
	at       int64
	count    int
	// identity is a sum over what is put in, without the time.
	identity hash.Hash
}

// New begins a folder. Publish or Discard ends it.
func New(root *os.Root, now time.Time) (*Writer, error) {
	staged, err := durable.Stage(root, "quarantine")
	if err != nil {
		return nil, err
	}
	if err := root.Mkdir(staged, 0o755); err != nil {
		return nil, err
	}
	w := &Writer{root: root, staged: staged, time: now.UTC(), identity: sha256.New()}
	if w.bytes, err = root.Create(path.Join(staged, bytesOf)); err != nil {
		return nil, err
	}
	if w.manifest, err = root.Create(path.Join(staged, manifest)); err != nil {
		return nil, errors.Join(err, w.bytes.Close())
	}
	w.lines = bufio.NewWriter(w.manifest)
	return w, nil
}

// Add puts a piece in. It sets Length, Sum, At, Zeros and Time of the entry.
func (w *Writer) Add(entry Entry, piece io.ReadSeeker) error {
	zeros, err := onlyZeros(piece)
	if err != nil {
		return err
	}
	if _, err := piece.Seek(0, io.SeekStart); err != nil {
		return err
	}
	into := io.Writer(w.bytes)
	if zeros {
		into = io.Discard
	}
	sum := sha256.New()
	length, err := io.Copy(io.MultiWriter(into, sum), piece)
	if err != nil {
		return err
	}
	entry.Length, entry.Sum, entry.At, entry.Zeros = length, hex.EncodeToString(sum.Sum(nil)), w.at, zeros
	if !zeros {
		w.at += length
	}
	fmt.Fprintln(w.identity, entry.File, entry.Offset, entry.Length, entry.Sum)
	w.count++
	entry.Time = w.time
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = w.lines.Write(append(line, '\n'))
	return err
}

func onlyZeros(piece io.Reader) (bool, error) {
	buffer := make([]byte, 64<<10)
	for empty := true; ; {
		count, err := piece.Read(buffer)
		if len(bytes.Trim(buffer[:count], "\x00")) > 0 {
			return false, nil
		}
		empty = empty && count == 0
		if errors.Is(err, io.EOF) {
			return !empty, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// Publish completes the folder and returns its name, which is empty if nothing was added.
func (w *Writer) Publish() (string, error) {
	if w.count == 0 {
		return "", w.Discard()
	}
	err := errors.Join(w.lines.Flush(), durable.Finish(w.bytes), durable.Finish(w.manifest))
	if err := errors.Join(err, durable.Sync(w.root, w.staged), durable.MakeFolder(w.root, folder)); err != nil {
		return "", err
	}
	identity := "-" + hex.EncodeToString(w.identity.Sum(nil))[:16]
	// Of the closed ones none counts: what is taken out anew is another loss.
	names, err := Open(w.root)
	if err != nil {
		return "", err
	}
	if known := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, identity) }); known >= 0 {
		return names[known], w.root.RemoveAll(w.staged)
	}
	name := w.time.Format("20060102T150405Z") + identity
	return name, durable.Move(w.root, w.staged, path.Join(folder, name))
}

// Discard forgets what was added.
func (w *Writer) Discard() error {
	return errors.Join(w.bytes.Close(), w.manifest.Close(), w.root.RemoveAll(w.staged))
}

// List returns the names of the folders, oldest first.
func List(root *os.Root) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

// Read returns the manifest of a folder.
func Read(root *os.Root, name string) ([]Entry, error) {
	content, err := root.ReadFile(path.Join(folder, name, manifest))
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for decoder := json.NewDecoder(bytes.NewReader(content)); ; {
		var entry Entry
		switch err := decoder.Decode(&entry); {
		case errors.Is(err, io.EOF):
			return entries, nil
		case err != nil:
			return nil, fmt.Errorf("%s of quarantine %s: %w", manifest, name, err)
		}
		entries = append(entries, entry)
	}
}

// Bytes returns what was taken out, and checks its sum.
func Bytes(root *os.Root, name string, entry Entry) ([]byte, error) {
	content := make([]byte, entry.Length)
	if !entry.Zeros {
		file, err := root.Open(path.Join(folder, name, bytesOf))
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		if _, err := file.ReadAt(content, entry.At); err != nil {
			return nil, err
		}
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != entry.Sum {
		return nil, fmt.Errorf("the bytes of quarantine %s from %d on have changed", name, entry.At)
	}
	return content, nil
}

// Close says that nothing more is to be done about a folder. What it has stays.
func Close(root *os.Root, name string, now time.Time) error {
	if _, err := root.Stat(path.Join(folder, name, manifest)); err != nil {
		return err
	}
	return durable.WriteFile(root, path.Join(folder, name, closed), []byte(now.UTC().Format(time.RFC3339)+"\n"), 0o644)
}

// IsClosed reports whether nothing more is to be done about a folder.
func IsClosed(root *os.Root, name string) (bool, error) {
	_, err := root.Stat(path.Join(folder, name, closed))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Open returns the names of the folders about which something is to be done, oldest first.
func Open(root *os.Root) ([]string, error) {
	names, err := List(root)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range names {
		done, err := IsClosed(root, name)
		if err != nil {
			return nil, err
		}
		if !done {
			open = append(open, name)
		}
	}
	return open, nil
}
