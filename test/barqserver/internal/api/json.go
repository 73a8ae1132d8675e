package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/barq-db/barq-operator/test/barqserver/internal/serde"
)

// bodyLimit is the most that a body may have.
const bodyLimit = 2 << 20

// answer writes a value as JSON.
func answer(writer http.ResponseWriter, status int, value any) {
	content, err := json.Marshal(value)
	if err != nil {
		status, content = http.StatusInternalServerError, []byte(`{"error":"the answer is not JSON"}`)
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	// A caller that is gone cannot be told.
	_, _ = writer.Write(content)
}

// checked is a body that knows which of its fields must be there.
type checked interface{ check() error }

// read reads the body into a value. It comes before the caller is asked who they
// are, so a body that cannot be read is refused as such to every client.
func read(writer http.ResponseWriter, request *http.Request, into checked) error {
	mediaType, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err != nil || (mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json")) {
		return &problem{http.StatusUnsupportedMediaType, "the Content-Type is not application/json"}
	}
	content, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, bodyLimit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &problem{http.StatusRequestEntityTooLarge, "the body has more than 2 MiB"}
	}
	if err != nil {
		return &problem{http.StatusBadRequest, err.Error()}
	}
	if !json.Valid(content) {
		return &problem{http.StatusBadRequest, "the body is not JSON"}
	}
	err = json.Unmarshal(content, into)
	if unreadable := (*serde.Error)(nil); errors.As(err, &unreadable) && !unreadable.Data {
		return &problem{http.StatusBadRequest, err.Error()}
	}
	if err == nil {
		err = into.check()
	}
	if err != nil {
		return &problem{http.StatusUnprocessableEntity, err.Error()}
	}
	return nil
}

var errMissing = errors.New("a required field is missing")

// present refuses fields that are not there, or null.
func present(fields ...bool) error {
	for _, isThere := range fields {
		if !isThere {
			return errMissing
		}
	}
	return nil
}
