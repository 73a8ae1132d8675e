package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Reason says in one word why an operation failed. It is an error, for errors.Is.
type Reason string

// The reasons.
const (
	// CredentialsMissing: there are no credentials, or they cannot be read.
	CredentialsMissing Reason = "CredentialsMissing"
	// AccessDenied: the store refuses these credentials, or what they ask for.
	AccessDenied Reason = "AccessDenied"
	// BucketMissing: there is no such bucket or folder.
	BucketMissing Reason = "BucketMissing"
	// ConditionalWritesUnsupported: the store cannot create an object only if it is absent.
	ConditionalWritesUnsupported Reason = "ConditionalWritesUnsupported"
	// ClockSkewed: the clock here and that of the store differ too much for a signature.
	ClockSkewed Reason = "ClockSkewed"
	// Unreachable: no answer, or one that says to try later.
	Unreachable Reason = "Unreachable"
	// NotFound: there is no such object.
	NotFound Reason = "NotFound"
	// Exists: there is an object with this key already.
	Exists Reason = "Exists"
	// Corrupt: the content is not what was created.
	Corrupt Reason = "Corrupt"
	// Unexpected: none of the others; the text of the error says more.
	Unexpected Reason = "Unexpected"
)

func (r Reason) Error() string { return string(r) }

// Error is what an operation fails with.
type Error struct {
	Reason Reason
	// Operation is what was to be done, as "create".
	Operation string
	// Key is that of the object without the prefix of the store, or a prefix of keys.
	Key string
	// Err is the cause. It may be nil.
	Err error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s %q: %s", e.Operation, e.Key, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap makes errors.Is find the reason, and errors.As the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// CorruptError is the cause of the reason Corrupt. It names the object.
type CorruptError struct {
	// Key is the key without the prefix of the store.
	Key string
	// Expected is the sum that was recorded. It is zero if there is none.
	Expected Sum
	// Found is the sum of what was read.
	Found Sum
	// Size is how many bytes were read, and ExpectedSize how many should have been.
	Size, ExpectedSize int64
}

func (e *CorruptError) Error() string {
	switch {
	case e.Expected == Sum{} && e.Size == e.ExpectedSize:
		return fmt.Sprintf("the object %s has no recorded SHA-256", e.Key)
	case e.Size != e.ExpectedSize:
		return fmt.Sprintf("the object %s has %d bytes where %d were expected", e.Key, e.Size, e.ExpectedSize)
	}
	return fmt.Sprintf("the object %s has the SHA-256 %s, and %s was recorded", e.Key, e.Found, e.Expected)
}

// failure carries a reason from where it is known.
func failure(reason Reason, err error) error {
	return &Error{Reason: reason, Err: err}
}

// reasonOf returns the reason that an error carries already, or "".
func reasonOf(err error) Reason {
	var known *Error
	if errors.As(err, &known) {
		return known.Reason
	}
	var reason Reason
	if errors.As(err, &reason) {
		return reason
	}
	return ""
}

// unreachable says whether an error is the network's, and not an answer.
func unreachable(err error) bool {
	var network net.Error
	var address *url.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) || errors.As(err, &address)
}

// statusReason says what an answer means that has no code of its own.
func statusReason(status int, header http.Header, now time.Time) Reason {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		// The providers refuse a signature whose time is 15 minutes off, and not all say why.
		if date, err := http.ParseTime(header.Get("Date")); err == nil && now.Sub(date).Abs() > 15*time.Minute {
			return ClockSkewed
		}
		return AccessDenied
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusPreconditionFailed:
		return Exists
	case status == http.StatusRequestedRangeNotSatisfiable:
		return Corrupt
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return Unreachable
	}
	return Unexpected
}
