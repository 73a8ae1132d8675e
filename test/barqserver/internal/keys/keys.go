package keys

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Permission is what a request needs.
type Permission int

// The permissions, each of which some roles have.
const (
	Read Permission = iota
	Write
	TenantAdmin
	Ops
	Admin
)

// Role is what an API key is for.
type Role string

// permissions of each role.
var permissions = map[Role][]Permission{
	"admin":        {Read, Write, TenantAdmin, Ops, Admin},
	"ops":          {Ops},
	"tenant-admin": {Read, Write, TenantAdmin},
	"writer":       {Read, Write},
	"reader":       {Read},
}

// Known tells whether there is such a role.
func (r Role) Known() bool { return permissions[r] != nil }

// DefaultTenant is whom an anonymous caller acts for who names no tenant.
const DefaultTenant = "default"

type record struct {
	tenant string
	role   Role
}

// Ring holds the API keys. While it is empty everybody may do everything.
type Ring struct {
	mutex sync.RWMutex
	keys  map[string]record
}

// NewRing gives an empty ring.
func NewRing() *Ring { return &Ring{keys: map[string]record{}} }

// Add registers a key.
func (r *Ring) Add(key, tenant string, role Role) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.keys[key] = record{tenant: tenant, role: role}
}

// Refusal says why a caller may not do something.
type Refusal struct {
	// Unknown tells that the caller is not known; otherwise they may not.
	Unknown bool
	Reason  string
}

func (r *Refusal) Error() string {
	if r.Unknown {
		return "unauthorized: " + r.Reason
	}
	return "forbidden: " + r.Reason
}

// Tenant gives whom the caller acts for, or a Refusal. pathTenant is the tenant that
// the path names, if it names one.
func (r *Ring) Tenant(header http.Header, needed Permission, pathTenant *string) (string, error) {
	r.mutex.RLock()
	defer r.mutex.RUnlock()

	headerTenant := headerValue(header, "X-Tenant-Id")
	if len(r.keys) == 0 {
		for _, tenant := range []*string{pathTenant, headerTenant} {
			if tenant != nil {
				return *tenant, nil
			}
		}
		return DefaultTenant, nil
	}

	if token, isBearer := strings.CutPrefix(header.Get("Authorization"), "Bearer "); isBearer && strings.TrimSpace(token) != "" {
		return "", &Refusal{Unknown: true, Reason: "jwt auth not configured"}
	}
	key := headerValue(header, "X-Api-Key")
	if key == nil {
		return "", &Refusal{Unknown: true, Reason: "missing api key"}
	}
	found, known := r.keys[*key]
	if !known {
		return "", &Refusal{Unknown: true, Reason: "invalid api key"}
	}
	for _, tenant := range []*string{pathTenant, headerTenant} {
		if tenant != nil && *tenant != found.tenant {
			return "", &Refusal{Reason: "tenant mismatch"}
		}
	}
	if !slices.Contains(permissions[found.role], needed) {
		return "", &Refusal{Reason: "insufficient role"}
	}
	return found.tenant, nil
}

// headerValue gives the value of a header. One that is not plain ASCII counts as none.
func headerValue(header http.Header, name string) *string {
	values := header.Values(name)
	if len(values) == 0 || strings.ContainsFunc(values[0], func(letter rune) bool { return letter > unicode.MaxASCII }) {
		return nil
	}
	return &values[0]
}
