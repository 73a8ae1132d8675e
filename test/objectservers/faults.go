package objectservers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// Faults is what is wrong with a store or with the way to it. The zero value is a good one. Shares are parts of the requests,
// from 0 to 1.
type Faults struct {
	// Refused answers each request with what the provider says for a reason: AccessDenied, CredentialsRejected or
	// BucketMissing. Some stores that speak as S3 does say ConditionalWritesUnsupported too.
	Refused objectstore.Reason
	// Busy is the share of the requests that is answered with 503.
	Busy float64
	// Lost is the share of the requests that the server carries out, and whose answer is lost with the connection.
	Lost float64
	// CutUploads and CutDownloads end the connection in the middle of a body that is longer, after so many bytes. 0 ends none.
	CutUploads, CutDownloads int64
	// Only limits all of the above to some operations. Without any it is all of them.
	Only []Operation

	// BytesPerSecond is how fast bodies pass in each direction, all together. 0 is as fast as they can.
	BytesPerSecond int
	// IgnoresConditions makes a creation replace what there is.
	IgnoresConditions bool
	// Clock is how far the store's clock is ahead, which answers show. Beyond 15 minutes all requests are refused for it,
	// also of a client that would sign again by the other clock.
	Clock time.Duration
	// BlackHole lets nothing pass. A request that comes meanwhile has no answer, ever: its connection ends with the hole. What
	// is on its way waits.
	BlackHole bool
}

// mostSkew is what the providers bear between two clocks.
const mostSkew = 15 * time.Minute

// concerns tells whether the operation is one of Only.
func (f Faults) concerns(operation Operation) bool {
	return len(f.Only) == 0 || slices.Contains(f.Only, operation)
}

// answer is a refusal in the language of a provider.
type answer struct {
	status int
	code   string
}

// skewed is the reason for a store whose clock is off, and busy the one for a store that says to try later.
const (
	skewed = objectstore.ClockSkewed
	busy   = objectstore.Unreachable
)

var answers = map[objectstore.Provider]map[objectstore.Reason]answer{
	objectstore.S3: {
		objectstore.AccessDenied:                 {http.StatusForbidden, "AccessDenied"},
		objectstore.CredentialsRejected:          {http.StatusForbidden, "InvalidAccessKeyId"},
		objectstore.BucketMissing:                {http.StatusNotFound, "NoSuchBucket"},
		objectstore.ConditionalWritesUnsupported: {http.StatusNotImplemented, "NotImplemented"},
		skewed:                                   {http.StatusForbidden, "RequestTimeTooSkewed"},
		busy:                                     {http.StatusServiceUnavailable, "SlowDown"},
	},
	objectstore.GCS: {
		objectstore.AccessDenied:        {http.StatusForbidden, "forbidden"},
		objectstore.CredentialsRejected: {http.StatusUnauthorized, "authError"},
		objectstore.BucketMissing:       {http.StatusNotFound, "notFound"},
		skewed:                          {http.StatusUnauthorized, "authError"},
		busy:                            {http.StatusServiceUnavailable, "backendError"},
	},
	objectstore.Azure: {
		objectstore.AccessDenied:        {http.StatusForbidden, "AuthorizationPermissionMismatch"},
		objectstore.CredentialsRejected: {http.StatusForbidden, "AuthenticationFailed"},
		objectstore.BucketMissing:       {http.StatusNotFound, "ContainerNotFound"},
		skewed:                          {http.StatusForbidden, "AuthenticationFailed"},
		busy:                            {http.StatusServiceUnavailable, "ServerBusy"},
	},
}

// refuse answers as a provider does.
func refuse(w http.ResponseWriter, provider objectstore.Provider, reason objectstore.Reason) {
	said, ok := answers[provider][reason]
	if !ok {
		panic(fmt.Sprintf("no store of %s refuses with the reason %q", provider, reason))
	}
	if provider != objectstore.GCS {
		w.Header().Set("Content-Type", "application/xml")
		if provider == objectstore.Azure {
			w.Header().Set("X-Ms-Error-Code", said.code)
		}
		w.WriteHeader(said.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>injected</Message></Error>", said.code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(said.status)
	cause := map[string]string{"domain": "global", "reason": said.code, "message": "injected"}
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": map[string]any{"code": said.status, "message": "injected", "errors": []any{cause}},
	})
}
