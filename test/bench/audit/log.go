package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// event is what is read of a line of the log, an Event of audit.k8s.io/v1.
type event struct {
	Stage                    string    `json:"stage"`
	Verb                     string    `json:"verb"`
	RequestURI               string    `json:"requestURI"`
	RequestReceivedTimestamp time.Time `json:"requestReceivedTimestamp"`
	User                     struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef *struct {
		Group       string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// tail reads the events of a log as it grows. It is not safe for concurrent use.
type tail struct {
	file *os.File
	// rest is the beginning of a line that is not whole yet.
	rest []byte
}

// Close ends the reading.
func (t *tail) Close() error { return t.file.Close() }

// each does something with each event that has been written since it was last called.
func (t *tail) each(do func(*event)) error {
	more, err := io.ReadAll(t.file)
	if err != nil {
		return err
	}
	content := slices.Concat(t.rest, more)
	end := bytes.LastIndexByte(content, '\n') + 1
	t.rest = bytes.Clone(content[end:])
	for line := range bytes.Lines(content[:end]) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("audit log %s: line %q: %w", t.file.Name(), line, err)
		}
		do(&e)
	}
	return nil
}

// Log counts what is in a log as it grows. It is not safe for concurrent use.
type Log struct {
	tail

	// counts are by user and by namespace, which is empty for requests that name none.
	counts map[string]map[string]Counts
	last   map[string]time.Time
}

// Open begins to read the log at its beginning.
func Open(path string) (*Log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &Log{tail: tail{file: file}, counts: map[string]map[string]Counts{}, last: map[string]time.Time{}}, nil
}

// Counts gives what the user has asked so far.
func (l *Log) Counts(user string) (Counts, error) {
	if err := l.each(l.add); err != nil {
		return nil, err
	}
	all := Counts{}
	for _, counts := range l.counts[user] {
		all.add(counts)
	}
	return all, nil
}

// CountsOf gives what the user has asked so far that names one of the namespaces or none.
func (l *Log) CountsOf(user string, namespaces ...string) (Counts, error) {
	if err := l.each(l.add); err != nil {
		return nil, err
	}
	all := Counts{}
	all.add(l.counts[user][""])
	for _, namespace := range namespaces {
		all.add(l.counts[user][namespace])
	}
	return all, nil
}

// LastRequest is when the last request of the user that is work came in, or the zero time.
func (l *Log) LastRequest(user string) (time.Time, error) {
	err := l.each(l.add)
	return l.last[user], err
}

func (l *Log) add(e *event) {
	request, counts := e.request()
	if !counts {
		return
	}
	namespace := ""
	if e.ObjectRef != nil {
		namespace = e.ObjectRef.Namespace
	}
	user := e.User.Username
	if l.counts[user] == nil {
		l.counts[user] = map[string]Counts{}
	}
	if l.counts[user][namespace] == nil {
		l.counts[user][namespace] = Counts{}
	}
	l.counts[user][namespace][request]++
	if !request.isUpkeep() {
		l.last[user] = e.RequestReceivedTimestamp
	}
}

// request gives what was asked, or false for an event that is not to be counted.
func (e *event) request() (Request, bool) {
	// A watch is answered when it begins, and complete only when it ends.
	stage := "ResponseComplete"
	if e.Verb == "watch" {
		stage = "ResponseStarted"
	}
	if e.Stage != stage && e.Stage != "Panic" {
		return Request{}, false
	}
	path, _, _ := strings.Cut(e.RequestURI, "?")
	request := Request{Verb: e.Verb, Resource: path}
	if e.ObjectRef != nil {
		request.Resource = e.ObjectRef.Resource
		if e.ObjectRef.Subresource != "" {
			request.Resource += "/" + e.ObjectRef.Subresource
		}
	}
	return request, true
}
