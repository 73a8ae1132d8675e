package store

import "github.com/barq-db/barq-operator/test/barqserver/internal/rust"

// StartError is why the data cannot be read, in Barq DB's words.
type StartError struct {
	kind  string
	cause error
}

func (e *StartError) Error() string { return e.kind + ": " + e.cause.Error() }

func (e *StartError) Unwrap() error { return e.cause }

// PanicError is data on which Barq DB panics.
type PanicError struct{ Reason string }

func (e *PanicError) Error() string { return e.Reason }

// broken gives the error for a disk that cannot be read.
func broken(err error) error { return &StartError{"io error", rust.SystemError(err)} }

// refusedStart gives the error for data that a collection does not allow.
func refusedStart(err error) error {
	if err == nil {
		return nil
	}
	return &StartError{"catalog error", err}
}
