package calls

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/internal/barq/strictjson"
)

// beginning is that of a request in which a text of the client stands, on lines of its own.
type beginning struct{ path, body string }

var (
	ofPayload = beginning{"/collections/absent/documents", `{"id":1,"vector":[],"payload":` + "\n"}
	ofFilter  = beginning{"/collections/absent/batch_search", `{"top_k":1,"queries":[{"vector":[],"filter":` + "\n"}
)

// complaint returns what the server's own gRPC says of a text that is no JSON, and nothing of one that is.
//
// The server is asked for its words, with a request that breaks off in the text, so nothing comes of it.
func (s *Service) complaint(ctx context.Context, request beginning, text string) (string, error) {
	scanner := strictjson.Scanner{Data: []byte(text)}
	scanner.Space()
	if scanner.Value(0) {
		scanner.Space()
		switch {
		case scanner.Pos == len(text):
			return "", nil
		case scanner.Problem == strictjson.NoProblem:
			return "trailing characters at " + place(text, scanner.Pos+1), nil
		}
	}
	answer, err := s.server.send(ctx, http.MethodPost, request.path, append([]byte(request.body), text...))
	if err != nil {
		return "", err
	}
	return reason(answer.told(), text, 2), nil
}

// rejection is what HTTP says of a body that it cannot read: which member it is, what is wrong, and in which line.
var rejection = regexp.MustCompile(`(?s)^Failed to [^:]*: (?:queries\[(\d+)\]\.filter|payload)\S*: (.*?)(?: at line (\d+) column (\d+))?$`)

// reason returns what the server's own gRPC says of a text, from what HTTP says of a body in which the text begins with the
// line first.
func reason(said, text string, first int) string {
	found := rejection.FindStringSubmatch(said)
	if found == nil {
		return said
	}
	line, _ := strconv.Atoi(found[3])
	// What is not there is noticed behind the text, and gRPC then names no line.
	if line -= first - 1; line < 1 || line > 1+strings.Count(text, "\n") {
		return found[2]
	}
	return fmt.Sprintf("%s at line %d column %s", found[2], line, found[4])
}

// reason returns what is wrong with the filter of one of the queries.
func (p part) reason(said string) string {
	found := rejection.FindStringSubmatch(said)
	if found == nil {
		return said
	}
	index, err := strconv.Atoi(found[1])
	if err != nil || index >= len(p) {
		return said
	}
	return reason(said, p[index].GetFilterJson(), 2+bytes.Count(p[:index].body(1), []byte("\n")))
}

// place is how the server names the last of the bytes that it has read of a text.
func place(text string, read int) string {
	before := text[:read]
	return fmt.Sprintf("line %d column %d", 1+strings.Count(before, "\n"), read-1-strings.LastIndexByte(before, '\n'))
}
