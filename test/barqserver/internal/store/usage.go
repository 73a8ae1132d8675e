package store

// Usage is what a tenant has.
type Usage struct {
	Tenant      string `json:"tenant"`
	Collections int    `json:"collections"`
	Documents   int    `json:"documents"`
	// DiskBytes and MemoryBytes are the same number: vectors and payloads.
	DiskBytes   int `json:"disk_bytes"`
	MemoryBytes int `json:"memory_bytes"`
	// CurrentQPS counts requests since the start, because without a quota nothing
	// resets it.
	CurrentQPS int `json:"current_qps"`
}

// Observer is told what tenants do.
type Observer interface {
	// Requested is called for each request that counts, with the tenant's number of
	// them so far.
	Requested(tenant string, count int)
	// Used is called when the usage of a tenant changed or was asked for.
	Used(usage Usage)
}

func (u *Usage) add(collections, documents, bytes int) {
	u.Collections = max(0, u.Collections+collections)
	u.Documents = max(0, u.Documents+documents)
	u.DiskBytes = max(0, u.DiskBytes+bytes)
	u.MemoryBytes = u.DiskBytes
}
