package objectservers

import (
	"net/http"
	"strings"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// Operation is what a request asks a store for.
type Operation string

// The operations.
const (
	Create     Operation = "create"
	Read       Operation = "read"
	List       Operation = "list"
	Delete     Operation = "delete"
	Attributes Operation = "attributes"
	// Part: one of several requests for one large object, but not the one that makes an object of them.
	Part Operation = "part"
)

func operationOf(provider objectstore.Provider, request *http.Request) Operation {
	query := request.URL.Query()
	switch provider {
	case objectstore.S3:
		if query.Has("uploads") || query.Has("uploadId") && request.Method != http.MethodPost {
			return Part
		}
		if _, key := splitPath(request.URL.Path); request.Method == http.MethodGet && key == "" {
			return List
		}
	case objectstore.Azure:
		switch query.Get("comp") {
		case "list":
			return List
		case "block":
			return Part
		}
	case objectstore.GCS:
		return operationOfGCS(request)
	}
	switch request.Method {
	case http.MethodGet:
		return Read
	case http.MethodHead:
		return Attributes
	case http.MethodDelete:
		return Delete
	}
	return Create
}

func operationOfGCS(request *http.Request) Operation {
	query := request.URL.Query()
	switch {
	case strings.HasPrefix(request.URL.Path, "/upload/"):
		if query.Get("uploadType") == "multipart" {
			return Create
		}
		return Part
	case request.Method == http.MethodDelete:
		return Delete
	case query.Get("alt") == "media":
		return Read
	case strings.HasSuffix(request.URL.Path, "/o"):
		return List
	}
	return Attributes
}

// splitPath returns the bucket and the key of a path, whose bucket comes first.
func splitPath(path string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return bucket, key
}
