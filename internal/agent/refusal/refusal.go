package refusal

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/barq-db/barq-operator/internal/barq/request"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// longest is how many bytes the name of a folder may have.
const longest = 255

// Refusal is why a request is not carried to the server. A nil one is no refusal.
type Refusal struct {
	// Status is that of the answer.
	Status  int
	Message string
	Reason  Reason
}

// Reason is what a refusal is about, in the metrics.
type Reason string

// The reasons.
const (
	// Closed is about what no client may do.
	Closed Reason = "closed"
	// Name is about the name of a tenant or collection.
	Name Reason = "name"
	// Path is about a path that cannot be read.
	Path Reason = "path"
	// Body is about a body that cannot be read.
	Body Reason = "body"
	// Size is about a body that is too large.
	Size Reason = "size"
	// Slow is about a body that does not arrive in time.
	Slow Reason = "slow"
	// Index is about an index after which no start succeeds, or that gives wrong answers.
	Index Reason = "index"
	// Number is about a number that 32 bits cannot hold.
	Number Reason = "number"
	// Depth is about a payload that nests too deep.
	Depth Reason = "depth"
)

func refuse(reason Reason, format string, values ...any) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Reason: reason, Message: fmt.Sprintf(format, values...)}
}

// Options are what a person allows.
type Options struct {
	// UnsoundIndexes allows indexes of the kind HNSW and those with pq, which give wrong answers: TestHNSWGivesTheWorst,
	// TestQuantizedVectorsAreAllTheFirst.
	UnsoundIndexes bool
}

// OfRoute refuses a request for what its path and headers say.
func OfRoute(route request.Route, header http.Header) *Refusal {
	switch route.Action {
	case request.Administer:
		return &Refusal{Status: http.StatusForbidden, Reason: Closed, Message: "/admin is closed: the agent compacts the logs itself, and a compaction of the server can bring old documents back"}
	case request.RegisterKey:
		return &Refusal{Status: http.StatusForbidden, Reason: Closed, Message: "API keys cannot be registered: after the first one Barq DB locks out all other tenants until it is restarted"}
	}
	tenants := header.Values(request.TenantHeader)
	if len(tenants) > 1 {
		return refuse(Name, "the header %s is there %d times; send it once", request.TenantHeader, len(tenants))
	}
	if len(tenants) == 1 {
		if problem := ofTenant(tenants[0]); problem != "" {
			return refuse(Name, "the header %s %s", request.TenantHeader, problem)
		}
	}
	if route.HasTenant {
		if problem := ofTenant(route.Tenant); problem != "" {
			return refuse(Name, "the tenant in the path %s", problem)
		}
	}
	if route.HasCollection {
		if problem := ofName(route.Collection); problem != "" {
			return refuse(Name, "the collection in the path %s", problem)
		}
	}
	return nil
}

// OfBody refuses a request for what its body would do. It is nil for what the server refuses.
func OfBody(action request.Action, body []byte, options Options) *Refusal {
	switch action {
	case request.CreateCollection:
		return ofCollection(body, options)
	case request.RebuildIndex:
		settings, err := request.ReadRebuild(body)
		if err != nil {
			return refuse(Body, "the body cannot be read: %v", err)
		}
		return ofIndex(settings, options)
	case request.InsertDocument:
		return ofDocument(body)
	default:
		return nil
	}
}

func ofCollection(body []byte, options Options) *Refusal {
	found, err := request.ReadCollection(body)
	if err != nil {
		return refuse(Body, "the body cannot be read: %v", err)
	}
	if problem := ofName(found.Name); problem != "" {
		return refuse(Name, "the name of the collection %s", problem)
	}
	return ofIndex(found.Index, options)
}

// ofIndex refuses an index after which no start succeeds (TestIVFWithoutLists), and those that give wrong answers.
func ofIndex(settings schema.IndexSettings, options Options) *Refusal {
	switch {
	case settings.Index == schema.IVF && settings.Lists == 0:
		return refuse(Index, "nlist is 0, with which Barq DB does not start again; write at least 1")
	case options.UnsoundIndexes:
		return nil
	case settings.Fault() == string(schema.HNSW):
		return refuse(Index, "an Hnsw index of this version of Barq DB finds the farthest documents instead of the nearest; write Flat or Ivf, or set spec.compatibility.allowUnsoundIndexes")
	case settings.Fault() != "":
		return refuse(Index, "with pq this version of Barq DB takes every vector for the first one; leave pq out, or set spec.compatibility.allowUnsoundIndexes")
	default:
		return nil
	}
}

// ofDocument refuses a document whose line in the log the server cannot read: TestInfiniteVectorPoisonsTheLog,
// TestDeepPayloadsPoisonTheLog.
func ofDocument(body []byte) *Refusal {
	document, err := request.ReadDocument(body)
	if err != nil {
		return refuse(Body, "the body cannot be read: %v", err)
	}
	record, kind, _ := walline.NewChecker(walline.Rules{}).Check(document.Line())
	switch {
	case kind == walline.TooDeep:
		return refuse(Depth, "the payload nests lists and objects deeper than 124 levels, with which Barq DB does not start again; nest them less")
	case kind == walline.Good && record.Infinite:
		return refuse(Number, "the vector has a number that 32 bits cannot hold, with which Barq DB does not start again; write numbers between -3.4e38 and 3.4e38")
	default:
		// The server refuses everything else that is not good.
		return nil
	}
}

// OfVector refuses numbers that a request over HTTP cannot have, of an insert (TestRPCTakesNaN) and of a search.
func OfVector(vector []float32) *Refusal {
	if slices.ContainsFunc(vector, func(number float32) bool { return number != number }) {
		return refuse(Number, "the vector has NaN, which is no number; write numbers between -3.4e38 and 3.4e38")
	}
	return nil
}

// ofTenant says what is wrong with the name of a tenant, and what to write. It travels in a header.
func ofTenant(name string) string {
	for _, character := range name {
		if character > unicode.MaxASCII {
			return fmt.Sprintf("is %q, which is not ASCII; write letters, digits, dots, dashes and underscores", name)
		}
	}
	return ofName(name)
}

// ofName says what is wrong with a name that becomes that of a folder, and what to write:
// TestNamesThatAreTheFolderOfAnother, TestCollectionAboveItsTenant, TestCollectionWithASlashIsLostAtARestart.
func ofName(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "is blank; write a name"
	case name == "." || name == "..":
		return fmt.Sprintf("is %q, which is another folder; write a name", name)
	case len(name) > longest:
		return fmt.Sprintf("has %d bytes; write at most %d", len(name), longest)
	case !utf8.ValidString(name):
		return fmt.Sprintf("is %q, which is no text; write UTF-8", name)
	case strings.ContainsFunc(name, func(character rune) bool {
		return character == '/' || unicode.IsControl(character)
	}):
		return fmt.Sprintf("is %q, which has a slash or a control character; write a name without", name)
	default:
		return ""
	}
}
