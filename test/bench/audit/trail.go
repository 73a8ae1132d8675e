package audit

import (
	"io"
	"os"
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
	tail

	user string
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
	return &Trail{tail: tail{file: file}, user: user}, nil
}

// Entries gives the requests for objects that were answered since the last call.
func (t *Trail) Entries() (found []Entry, err error) {
	err = t.each(func(e *event) {
		request, counts := e.request()
		if !counts || e.User.Username != t.user || e.ObjectRef == nil {
			// Another user's, or about no object.
			return
		}
		_, query, _ := strings.Cut(e.RequestURI, "?")
		found = append(found, Entry{
			Request: request, Group: e.ObjectRef.Group, Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name,
			Code: e.ResponseStatus.Code, DryRun: strings.Contains(query, "dryRun="),
		})
	})
	return found, err
}
