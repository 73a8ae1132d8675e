package request

import (
	"cmp"
	"net/http"
)

// TenantHeader names the tenant of a request. DefaultTenant is that of a request that names none.
const (
	TenantHeader  = "X-Tenant-Id"
	DefaultTenant = "default"
)

// TenantOf returns the tenant that a header names.
func TenantOf(header http.Header) string { return cmp.Or(header.Get(TenantHeader), DefaultTenant) }
