package objectstore

import (
	"context"
	"io"
)

// Backend does each operation of a [Store] once. [New] adds what all of them have in common. Its keys have the
// prefix of the store. An error has a reason: it comes from [Because].
type Backend interface {
	// Create must leave nothing under the key when the content ends with an error.
	Create(ctx context.Context, object Object, content io.ReadSeeker) error
	Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	List(ctx context.Context, prefix, token string, limit int) (Page, error)
	// Delete may fail with NotFound if there is no such object.
	Delete(ctx context.Context, key string) error
	Attributes(ctx context.Context, key string) (Object, error)
}

// Object is what a backend keeps beside a content.
type Object struct {
	Attributes

	// Creation tells apart two that create objects of the same content.
	Creation string
}
