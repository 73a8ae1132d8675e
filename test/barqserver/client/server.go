package client

import (
	"context"
	"net/http"
	"net/url"
)

// The roles that an API key can have.
const (
	RoleAdmin       = "admin"
	RoleOps         = "ops"
	RoleTenantAdmin = "tenant-admin"
	RoleWriter      = "writer"
	RoleReader      = "reader"
)

// Usage is what a tenant has. Documents counts all of its collections.
type Usage struct {
	Tenant      string `json:"tenant"`
	Collections int    `json:"collections"`
	Documents   int    `json:"documents"`
	DiskBytes   int    `json:"disk_bytes"`
	MemoryBytes int    `json:"memory_bytes"`
	CurrentQPS  int    `json:"current_qps"`
}

// Health asks whether the server answers.
func (c *Client) Health(ctx context.Context) error {
	return c.call(ctx, http.MethodGet, "/health", nil, http.StatusOK, nil)
}

// Usage tells what a tenant has, as the server counts it. Missing is the stricter
// way to find out whether a document is there.
func (c *Client) Usage(ctx context.Context, tenant string) (Usage, error) {
	var usage Usage
	err := c.call(ctx, http.MethodGet, "/tenants/"+url.PathEscape(tenant)+"/usage", nil, http.StatusOK, &usage)
	return usage, err
}

// RegisterKey makes the server ask for API keys, until it is restarted.
func (c *Client) RegisterKey(ctx context.Context, tenant, key, role string) error {
	return c.call(ctx, http.MethodPost, "/tenants/"+url.PathEscape(tenant)+"/api-keys",
		map[string]string{"key": key, "role": role}, http.StatusCreated, nil)
}

// Metrics gives the metrics in Prometheus's text format.
func (c *Client) Metrics(ctx context.Context) (string, error) {
	answer, err := c.Send(ctx, http.MethodGet, "/metrics", "", "")
	if err != nil {
		return "", err
	}
	if answer.Status != http.StatusOK {
		return "", &StatusError{Method: http.MethodGet, Path: "/metrics", Status: answer.Status, Body: answer.Body}
	}
	return answer.Body, nil
}
