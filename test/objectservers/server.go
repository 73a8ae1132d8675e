package objectservers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/cluster/process"
)

// Config says which server to start, and where.
type Config struct {
	Provider objectstore.Provider
	// Root is the top of the repository, which pins the servers.
	Root string
	// Address is a host and a port to listen at. The port 0 is a free one. The default is 127.0.0.1:0.
	Address string
	// Folder is for the log and the credentials, and for the objects of S3, which outlive the server. Those of the others
	// are in memory.
	Folder string
	// Progress is told what is built. The default is nowhere.
	Progress io.Writer
}

// Server is a server that runs.
type Server struct {
	// Provider is whose language the server speaks.
	Provider objectstore.Provider

	kind    kind
	folder  string
	address string
	process *process.Process
	tokens  *tokens
}

const (
	startPatience = time.Minute
	stopGrace     = 5 * time.Second
)

// Start starts a server, after building it if it is not in the cache. It returns [ErrNoNPM] if Azurite cannot be installed.
func Start(ctx context.Context, config Config) (*Server, error) {
	if config.Progress == nil {
		config.Progress = io.Discard
	}
	if config.Address == "" {
		config.Address = "127.0.0.1:0"
	}
	of, ok := kinds[config.Provider]
	if !ok {
		return nil, fmt.Errorf("there is no server for the provider %q", config.Provider)
	}
	program, err := of.program(ctx, config.Root, config.Progress)
	if err != nil {
		return nil, err
	}
	s := &Server{Provider: config.Provider, kind: of, folder: config.Folder}
	if s.address, err = free(config.Address); err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return nil, err
	}
	if s.tokens, err = startTokens(host); err != nil {
		return nil, err
	}
	if err := s.start(ctx, program, of.arguments(host, port, config.Folder)); err != nil {
		return nil, errors.Join(err, s.tokens.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, program string, arguments []string) (err error) {
	for _, folder := range []string{s.objects(), sidecar(s.folder), s.secret()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	if err := WriteSecret(s.secret(), s.Secret()); err != nil {
		return err
	}
	name := string(s.Provider)
	if s.process, err = process.Start(name, program, arguments, filepath.Join(s.folder, name+".log")); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	err = s.process.Await(ctx, func() bool {
		connection, err := net.DialTimeout("tcp", s.address, time.Second)
		return err == nil && connection.Close() == nil
	})
	if err != nil {
		s.process.Kill()
	}
	return err
}

// free returns an address with a port that is free now.
func free(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("find a port for a server of objects: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// ForTest starts a server on loopback until a test ends. Without npm it skips a test that needs it, but not in CI.
func ForTest(t testing.TB, root string, provider objectstore.Provider) *Server {
	t.Helper()
	s, err := Start(t.Context(), Config{Provider: provider, Root: root, Folder: t.TempDir(), Progress: os.Stderr})
	if errors.Is(err, ErrNoNPM) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

// Build builds or installs the servers of all providers, for tests that later have no network. It leaves out Azurite where there
// is no npm, but not in CI.
func Build(ctx context.Context, root string, progress io.Writer) error {
	for _, of := range kinds {
		_, err := of.program(ctx, root, progress)
		if errors.Is(err, ErrNoNPM) && os.Getenv("CI") == "" {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Stop ends the server. It fails if the server had ended unasked.
func (s *Server) Stop() error {
	var err error
	if s.process.HasEnded() {
		err = s.process.ExitError()
	}
	s.process.Stop(stopGrace)
	return errors.Join(err, s.tokens.Close())
}

// URL is the endpoint for [objectstore.Options].
func (s *Server) URL() string { return s.at(s.address) }

// at is the endpoint if the server were at another address.
func (s *Server) at(address string) string { return "http://" + address + s.kind.path }

// Options are those of a store in a bucket, with credentials that the server takes.
func (s *Server) Options(bucket string) objectstore.Options {
	options := objectstore.Options{Provider: s.Provider, Bucket: bucket, Endpoint: s.URL(), Credentials: s.secret()}
	if s.Provider == objectstore.S3 {
		options.Region, options.ForcePathStyle = "us-east-1", true
	}
	return options
}

// Secret is the content of a Secret with credentials that the server takes.
func (s *Server) Secret() map[string]string { return s.kind.secret(s.tokens) }

// WrongSecret is the content of a Secret with credentials that the server refuses.
func (s *Server) WrongSecret() map[string]string { return s.kind.wrong(s.tokens) }

// CreateBucket creates a bucket, which must not be there.
func (s *Server) CreateBucket(ctx context.Context, name string) error {
	if err := s.kind.create(ctx, s, name); err != nil {
		return fmt.Errorf("create the bucket %s: %w", name, err)
	}
	return nil
}

// File is the file of an object of S3, which a test may damage. It is "" for the other providers, who have no files.
func (s *Server) File(bucket, key string) string {
	if s.Provider != objectstore.S3 {
		return ""
	}
	return filepath.Join(s.objects(), bucket, filepath.FromSlash(key))
}

func (s *Server) objects() string { return objects(s.folder) }

func (s *Server) secret() string { return filepath.Join(s.folder, "secret") }

func objects(folder string) string { return filepath.Join(folder, "objects") }

func sidecar(folder string) string { return filepath.Join(folder, "sidecar") }

// tokens gives out tokens for the keys of Google's accounts.
type tokens struct {
	*http.Server

	url string
}

func startTokens(host string) (*tokens, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen for requests of tokens: %w", err)
	}
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"access_token":"token","token_type":"Bearer","expires_in":3600,"error":"invalid_grant"}`)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/right", answer(http.StatusOK))
	mux.Handle("/wrong", answer(http.StatusBadRequest))
	t := &tokens{Server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}, url: "http://" + listener.Addr().String()}
	go func() { _ = t.Serve(listener) }()
	return t, nil
}
