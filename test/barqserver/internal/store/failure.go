package store

import "github.com/barq-db/barq-operator/test/barqserver/internal/rust"

// DataError is why the data cannot be read or written, in Barq DB's words.
type DataError struct {
	kind  string
	cause error
}

func (e *DataError) Error() string { return e.kind + ": " + e.cause.Error() }

func (e *DataError) Unwrap() error { return e.cause }

// PanicError is data on which Barq DB panics.
type PanicError struct{ Reason string }

func (e *PanicError) Error() string { return e.Reason }

// broken gives the error for a disk that cannot be read or written.
func broken(err error) error { return &DataError{"io error", rust.SystemError(err)} }

// refusedData gives the error for data that a collection does not allow.
func refusedData(err error) error {
	if err == nil {
		return nil
	}
	return &DataError{"catalog error", err}
}
