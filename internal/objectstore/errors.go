package objectstore

import (
	"errors"
	"fmt"
)

// Reason says in one word why an operation failed. It is an error, for errors.Is.
type Reason string

// The reasons.
const (
	// CredentialsMissing: there are no credentials, or they cannot be read.
	CredentialsMissing Reason = "CredentialsMissing"
	// CredentialsRejected: the key or the token itself is not accepted.
	CredentialsRejected Reason = "CredentialsRejected"
	// AccessDenied: the identity is known, and may not do this.
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

// Because returns an [Error] that carries a reason from where it is known. Its text is for a backend's caller.
func Because(reason Reason, err error) error {
	return &Error{Reason: reason, Err: err}
}

// ReasonOf returns the reason that an error carries, or "" if it carries none.
func ReasonOf(err error) Reason {
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
