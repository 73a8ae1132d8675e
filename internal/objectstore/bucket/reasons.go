package bucket

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// unreachable says whether an error is the network's, and not an answer.
func unreachable(err error) bool {
	var network net.Error
	var address *url.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) || errors.As(err, &address)
}

// statusReason says what an answer means that has no code of its own.
func statusReason(status int, header http.Header, now time.Time) objectstore.Reason {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		// The providers refuse a signature whose time is 15 minutes off, and not all say why.
		if date, err := http.ParseTime(header.Get("Date")); err == nil && now.Sub(date).Abs() > 15*time.Minute {
			return objectstore.ClockSkewed
		}
		if status == http.StatusUnauthorized {
			return objectstore.CredentialsRejected
		}
		return objectstore.AccessDenied
	case status == http.StatusNotFound:
		return objectstore.NotFound
	case status == http.StatusPreconditionFailed:
		return objectstore.Exists
	case status == http.StatusRequestedRangeNotSatisfiable:
		return objectstore.Corrupt
	case status == http.StatusNotImplemented:
		return objectstore.ConditionalWritesUnsupported
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		status >= http.StatusInternalServerError:
		return objectstore.Unreachable
	}
	return objectstore.Unexpected
}

func codeReason(err error) objectstore.Reason {
	if unreachable(err) {
		return objectstore.Unreachable
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return objectstore.NotFound
	case gcerrors.AlreadyExists, gcerrors.FailedPrecondition:
		return objectstore.Exists
	case gcerrors.PermissionDenied:
		return objectstore.AccessDenied
	case gcerrors.Unimplemented:
		return objectstore.ConditionalWritesUnsupported
	case gcerrors.ResourceExhausted, gcerrors.DeadlineExceeded, gcerrors.Internal:
		return objectstore.Unreachable
	}
	return objectstore.Unexpected
}

// tokenReason says why a request for a token was refused.
func tokenReason(answer *http.Response) objectstore.Reason {
	if answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests {
		return objectstore.Unreachable
	}
	return statusReason(http.StatusUnauthorized, answer.Header, time.Now())
}
