package keys

import (
	"net/http"
	"slices"
	"strings"
	"sync"
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

// DefaultTenant is whom an anonymous caller acts for who names nobody.
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
	// Unknown tells that nobody knows who is calling; otherwise they may not.
	Unknown bool
	Reason  string
}

func (r *Refusal) Error() string { return r.Reason }

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
		return "", &Refusal{Unknown: true, Reason: "tokens are not taken"}
	}
	key := headerValue(header, "X-Api-Key")
	if key == nil {
		return "", &Refusal{Unknown: true, Reason: "x-api-key is missing"}
	}
	found, known := r.keys[*key]
	if !known {
		return "", &Refusal{Unknown: true, Reason: "x-api-key is not known"}
	}
	for _, tenant := range []*string{pathTenant, headerTenant} {
		if tenant != nil && *tenant != found.tenant {
			return "", &Refusal{Reason: "the key is another tenant's"}
		}
	}
	if !slices.Contains(permissions[found.role], needed) {
		return "", &Refusal{Reason: "the key's role does not allow this"}
	}
	return found.tenant, nil
}

func headerValue(header http.Header, name string) *string {
	values := header.Values(name)
	if len(values) == 0 {
		return nil
	}
	return &values[0]
}
