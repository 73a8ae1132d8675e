package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Entry is one request for an object, or for all of a kind.
type Entry struct {
	Request

	// Group is that of the API; Namespace and Name are empty where the request names none.
	Group, Namespace, Name string
	// Code is the status that the API server answered with.
	Code int
	// DryRun requests store nothing.
	DryRun bool
}

// Succeeded tells whether the API server did what was asked.
func (e Entry) Succeeded() bool { return e.Code >= 200 && e.Code < 300 }

// Trail gives the requests of one user in their order, as the log grows. It is not safe for concurrent use.
type Trail struct {
	file *os.File
	user string
	// rest is the beginning of a line that is not whole yet.
	rest []byte
}

// OpenTrail begins at the end of what the log has now.
func OpenTrail(path, user string) (*Trail, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	return &Trail{file: file, user: user}, nil
}

// Close ends the reading.
func (t *Trail) Close() error { return t.file.Close() }

// Entries gives the requests for objects that were answered since the last call.
func (t *Trail) Entries() ([]Entry, error) {
	more, err := io.ReadAll(t.file)
	if err != nil {
		return nil, err
	}
	content := slices.Concat(t.rest, more)
	end := bytes.LastIndexByte(content, '\n') + 1
	t.rest = bytes.Clone(content[end:])
	var found []Entry
	for line := range bytes.Lines(content[:end]) {
		entry, counts, err := t.entry(line)
		if err != nil {
			return nil, fmt.Errorf("audit log %s: %w", t.file.Name(), err)
		}
		if counts {
			found = append(found, entry)
		}
	}
	return found, nil
}

// entry reads a line. One of another user, or about no object, does not count.
func (t *Trail) entry(line []byte) (Entry, bool, error) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, false, fmt.Errorf("line %q: %w", line, err)
	}
	request, counts := e.request()
	if !counts || e.User.Username != t.user || e.ObjectRef == nil {
		return Entry{}, false, nil
	}
	_, query, _ := strings.Cut(e.RequestURI, "?")
	return Entry{
		Request: request, Group: e.ObjectRef.Group, Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name,
		Code: e.ResponseStatus.Code, DryRun: strings.Contains(query, "dryRun="),
	}, true, nil
}
