package request

import (
	"net/http"
	"net/url"
	"strings"
)

// Action is what a request asks for.
type Action uint8

// The actions.
const (
	// Other is what the server does not know.
	Other Action = iota
	CreateCollection
	DropCollection
	InsertDocument
	DeleteDocument
	RebuildIndex
	// RegisterKey gives a tenant an API key.
	RegisterKey
	// Administer is anything below /admin.
	Administer
	GetDocument
	Search
	BatchSearch
	SearchText
	// SearchHybrid is a search by vector and text, or what explains one.
	SearchHybrid
	// AskTenant is about the usage or the quota of a tenant.
	AskTenant
	// Describe is about the server: /health, /info and its description.
	Describe
)

// String returns a name that is the same in each version.
func (a Action) String() string {
	names := [...]string{
		"other", "create_collection", "drop_collection", "insert_document", "delete_document", "rebuild_index", "register_key", "administer",
		"get_document", "search", "batch_search", "search_text", "search_hybrid", "ask_tenant", "describe",
	}
	return names[a]
}

// InCollection reports whether it is about documents of a collection, and succeeds only where there is that collection.
func (a Action) InCollection() bool {
	switch a {
	case InsertDocument, DeleteDocument, RebuildIndex, GetDocument, Search, BatchSearch, SearchText, SearchHybrid:
		return true
	default:
		return false
	}
}

// Route is what the path of a request says.
type Route struct {
	Action Action
	// Tenant and Collection are the names in the path, decoded. HasTenant and HasCollection say that they are there.
	Tenant, Collection       string
	HasTenant, HasCollection bool
}

// RouteOf reads a method and a path as it is written, with its escapes. It fails where an escape is none, or hides what is
// no text: the server does not know such paths.
func RouteOf(method, escaped string) (Route, error) {
	var route Route
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	rest := ""
	if len(segments) > 2 {
		rest = strings.Join(segments[2:], "/")
	}
	var err error
	switch segments[0] {
	case "admin":
		route.Action = Administer
	case "tenants":
		if len(segments) > 1 {
			route.HasTenant = true
			route.Tenant, err = url.PathUnescape(segments[1])
		}
		switch rest {
		case "api-keys":
			route.Action = RegisterKey
		case "usage", "quota":
			route.Action = AskTenant
		}
	case "collections":
		if len(segments) > 1 {
			route.HasCollection = true
			route.Collection, err = url.PathUnescape(segments[1])
		}
		route.Action = actionOf(method, len(segments), rest)
	case "health", "info", "api-docs":
		route.Action = Describe
	}
	return route, err
}

// actionOf returns what is asked of collections, by the number of segments and those after the name.
func actionOf(method string, segments int, rest string) Action {
	switch {
	case segments == 1 && method == http.MethodPost:
		return CreateCollection
	case segments == 2 && method == http.MethodDelete:
		return DropCollection
	case strings.HasPrefix(rest, "documents/"):
		return ofDocument(method)
	case method == http.MethodPost:
		return posted(rest)
	default:
		return Other
	}
}

func ofDocument(method string) Action {
	switch method {
	case http.MethodDelete:
		return DeleteDocument
	case http.MethodGet, http.MethodHead:
		return GetDocument
	default:
		return Other
	}
}

// posted returns what a POST asks of a collection.
func posted(rest string) Action {
	switch rest {
	case "documents":
		return InsertDocument
	case "index/rebuild":
		return RebuildIndex
	case "search":
		return Search
	case "batch_search":
		return BatchSearch
	case "search/text":
		return SearchText
	case "search/hybrid", "search/hybrid/explain":
		return SearchHybrid
	default:
		return Other
	}
}

// HasBody reports whether the body says more than what is searched for.
func (a Action) HasBody() bool {
	return a == CreateCollection || a == InsertDocument || a == RebuildIndex
}
