package rpc

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/test/barqserver/internal/keys"
	"github.com/barq-db/barq-operator/test/barqserver/internal/placement"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// Server answers calls.
type Server struct {
	Store  *store.Store
	Router *placement.Router
}

// The codes that a call can end with.
const (
	codeOK                 = 0
	codeInvalidArgument    = 3
	codeFailedPrecondition = 9
	codeUnimplemented      = 12
	codeInternal           = 13
)

type failure struct {
	code  int
	cause error
}

func (f *failure) Error() string { return f.cause.Error() }

// succeeded is a message whose first field, a truth value, is true.
var succeeded = []byte{1<<3 | wireVarint, 1}

// Handler gives the calls. It has to be served over HTTP/2.
func (s *Server) Handler() http.Handler {
	calls := map[string]func(message []byte) error{
		"Health":           func([]byte) error { return nil },
		"CreateCollection": s.createCollection,
		"InsertDocument":   s.insertDocument,
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Content-Type", "application/grpc")
		writer.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		call := calls[strings.TrimPrefix(request.URL.Path, "/barq.Barq/")]
		if call == nil {
			end(writer, &failure{codeUnimplemented, errors.New("the stand-in has no " + request.URL.Path)})
			return
		}
		message, err := readMessage(request.Body)
		if err == nil {
			err = call(message)
		}
		if err == nil {
			frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(succeeded)))
			// A caller that is gone cannot be told.
			_, _ = writer.Write(append(frame, succeeded...))
		}
		end(writer, err)
	})
}

func end(writer http.ResponseWriter, err error) {
	code := codeOK
	if err != nil {
		code = codeInternal
		if known := (*failure)(nil); errors.As(err, &known) {
			code = known.code
		}
		writer.Header().Set("Grpc-Message", err.Error())
	}
	writer.Header().Set("Grpc-Status", strconv.Itoa(code))
}

// readMessage reads the one message of a call: a byte that says whether it is
// compressed, four for its length, and the message.
func readMessage(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, 4<<20))
	if err != nil {
		return nil, err
	}
	const prefix = 5
	if len(content) < prefix || content[0] != 0 || uint64(len(content)-prefix) != uint64(binary.BigEndian.Uint32(content[1:prefix])) {
		return nil, &failure{codeInvalidArgument, errMessage}
	}
	return content[prefix:], nil
}

// createCollection looks neither at keys nor at the cluster file.
func (s *Server) createCollection(message []byte) error {
	read, err := fields(message)
	if err != nil {
		return &failure{codeInvalidArgument, err}
	}
	var name, metricName string
	var dimension int
	for _, field := range read {
		switch field.number {
		case 1:
			name = string(field.bytes)
		case 2:
			dimension = int(uint32(field.varint))
		case 3:
			metricName = string(field.bytes)
		}
	}
	metric := store.L2
	for _, known := range []store.Metric{store.Cosine, store.Dot} {
		if strings.EqualFold(metricName, string(known)) {
			metric = known
		}
	}
	return s.Store.CreateCollection(store.Schema{
		Name: name, Tenant: keys.DefaultTenant,
		Fields: []store.Field{{
			Name: "vector", Required: true,
			Kind: store.Kind{Vector: &store.VectorKind{Dimension: dimension, Metric: metric}},
		}},
	})
}

func (s *Server) insertDocument(message []byte) error {
	read, err := fields(message)
	if err != nil {
		return &failure{codeInvalidArgument, err}
	}
	var collection, payloadText string
	var document store.Document
	for _, field := range read {
		switch field.number {
		case 1:
			collection = string(field.bytes)
		case 2:
			// An id that is not allowed is refused with the document.
			document.ID, _ = store.ParseID(string(field.bytes))
		case 3:
			for _, number := range floats(field.bytes) {
				document.Vector = append(document.Vector, store.Component(number))
			}
		case 4:
			payloadText = string(field.bytes)
		}
	}
	if document.Payload, err = store.NewRPCPayload(payloadText); err != nil {
		return &failure{codeInvalidArgument, err}
	}
	if err := s.Router.Write(keys.DefaultTenant + ":" + document.ID.String()); err != nil {
		return &failure{codeFailedPrecondition, err}
	}
	return s.Store.Insert(keys.DefaultTenant, collection, document, false)
}
