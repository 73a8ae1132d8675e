package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Client talks to one Barq DB.
type Client struct {
	// BaseURL is the address of the server, for instance http://127.0.0.1:8080.
	BaseURL string
	// HTTP sends the requests. It must not follow redirects: see NewHTTPClient.
	HTTP *http.Client
	// Tenant is sent as x-tenant-id. Without it the server takes "default".
	Tenant string
	// APIKey is sent as x-api-key.
	APIKey string
}

// New gives a client of the server at the base URL.
func New(baseURL string) *Client {
	return &Client{BaseURL: baseURL, HTTP: NewHTTPClient(http.DefaultTransport)}
}

// NewHTTPClient gives an HTTP client that hands redirects to its caller.
func NewHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// As gives the same client for another tenant.
func (c *Client) As(tenant string) *Client {
	other := *c
	other.Tenant = tenant
	return &other
}

// WithKey gives the same client with an API key.
func (c *Client) WithKey(key string) *Client {
	other := *c
	other.APIKey = key
	return &other
}

// StatusError is an answer with another status than the one that means success.
type StatusError struct {
	Method, Path string
	Status       int
	// Location is where a redirect leads.
	Location string
	Body     string
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Location != "" {
		text += " to " + e.Location
	}
	return text + ": " + e.Body
}

// Answer is what a server said.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Send makes one request, with a body of that media type, and gives the answer, of
// whatever status.
func (c *Client) Send(ctx context.Context, method, path, mediaType, body string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.BaseURL, "/")+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	if c.Tenant != "" {
		request.Header.Set("X-Tenant-Id", c.Tenant)
	}
	if c.APIKey != "" {
		request.Header.Set("X-Api-Key", c.APIKey)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: string(content)}, err
}

// call sends a value as JSON, or nothing, expects a status, and reads the answer
// into result unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, value any, expected int, result any) error {
	var body bytes.Buffer
	mediaType := ""
	if value != nil {
		mediaType = "application/json"
		if err := json.NewEncoder(&body).Encode(value); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	answer, err := c.Send(ctx, method, path, mediaType, body.String())
	if err != nil {
		return err
	}
	if answer.Status != expected {
		return &StatusError{
			Method: method, Path: path, Status: answer.Status,
			Location: answer.Header.Get("Location"), Body: answer.Body,
		}
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(answer.Body), result); err != nil {
		return fmt.Errorf("%s %s: the answer is %q: %w", method, path, answer.Body, err)
	}
	return nil
}

// collectionPath is the path of a collection, followed by more segments.
func collectionPath(name string, segments ...string) string {
	path := "/collections/" + url.PathEscape(name)
	for _, segment := range segments {
		path += "/" + url.PathEscape(segment)
	}
	return path
}
