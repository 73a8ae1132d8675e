package request

import (
	"net/http"
	"net/url"
	"strings"
)

// Action is what a request asks for, as far as it matters here.
type Action uint8

// The actions.
const (
	// Other is a search, a read, or what the server does not know.
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
)

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
		if rest == "api-keys" {
			route.Action = RegisterKey
		}
	case "collections":
		if len(segments) > 1 {
			route.HasCollection = true
			route.Collection, err = url.PathUnescape(segments[1])
		}
		route.Action = actionOf(method, len(segments), rest)
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
	case rest == "documents" && method == http.MethodPost:
		return InsertDocument
	case strings.HasPrefix(rest, "documents/") && method == http.MethodDelete:
		return DeleteDocument
	case rest == "index/rebuild" && method == http.MethodPost:
		return RebuildIndex
	default:
		return Other
	}
}

// HasBody reports whether the body says more than what is searched for.
func (a Action) HasBody() bool {
	return a == CreateCollection || a == InsertDocument || a == RebuildIndex
}
