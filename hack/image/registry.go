package image

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Registry is a registry on loopback, over plain HTTP. It keeps the
// layers of images on the disk.
type Registry struct {
	// Address is its host and port.
	Address string

	server *http.Server
}

// Serve starts a registry which keeps layers in the folder.
func Serve(folder string) (*Registry, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Registry{
		Address: listener.Addr().String(),
		server: &http.Server{
			Handler: registry.New(
				registry.Logger(log.New(io.Discard, "", 0)),
				registry.WithBlobHandler(registry.NewDiskBlobHandler(folder)),
			),
			ReadHeaderTimeout: 10 * time.Second,
		},
	}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

// Close stops it; what was pushed is gone.
func (r *Registry) Close() error { return r.server.Close() }
