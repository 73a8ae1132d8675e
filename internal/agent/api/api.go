package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// Files in the folder of the certificates, as a Secret of the type kubernetes.io/tls has them.
const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
	authorityFile   = "ca.crt"
)

// timeout is how long a request, and the end of the server, may take.
const timeout = 5 * time.Second

// Certificates returns how a connection is secured, after what the client says first.
type Certificates func(*tls.ClientHelloInfo) (*tls.Config, error)

// Serve serves a status until the context ends. Without certificates no connection succeeds.
func Serve(ctx context.Context, address string, certificates Certificates, status func() v1.Status) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+v1.StatusPath, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		// A client that is gone hears nothing.
		_ = json.NewEncoder(answer).Encode(status())
	})
	server := &http.Server{
		Addr: address, Handler: mux, ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: certificates},
		// The client says why a connection failed.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServeTLS("", "") }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		return errors.Join(server.Shutdown(ending), ignoreClosed(<-ended))
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// InFolder returns the certificates in a folder. It reads them for each connection: the kubelet renews them, and may bring the
// first ones after the start.
func InFolder(folder string) Certificates {
	return func(*tls.ClientHelloInfo) (*tls.Config, error) {
		secret := map[string][]byte{}
		for _, name := range []string{certificateFile, keyFile, authorityFile} {
			content, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				return nil, err
			}
			secret[name] = content
		}
		return Configuration(secret)
	}
}

// Configuration returns how connections are secured with the content of a Secret of certificates.
func Configuration(secret map[string][]byte) (*tls.Config, error) {
	certificate, err := tls.X509KeyPair(secret[certificateFile], secret[keyFile])
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(secret[authorityFile]) {
		return nil, fmt.Errorf("%s has no certificate", authorityFile)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities,
	}, nil
}
