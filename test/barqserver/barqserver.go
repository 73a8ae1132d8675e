package barqserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"

	"github.com/barq-db/barq-operator/test/barqserver/internal/api"
	"github.com/barq-db/barq-operator/test/barqserver/internal/keys"
	"github.com/barq-db/barq-operator/test/barqserver/internal/logs"
	"github.com/barq-db/barq-operator/test/barqserver/internal/placement"
	"github.com/barq-db/barq-operator/test/barqserver/internal/rpc"
	"github.com/barq-db/barq-operator/test/barqserver/internal/rust"
	"github.com/barq-db/barq-operator/test/barqserver/internal/series"
	"github.com/barq-db/barq-operator/test/barqserver/internal/settings"
	"github.com/barq-db/barq-operator/test/barqserver/internal/store"
)

// rpcAddress cannot be configured. It is one of IPv4.
var rpcAddress = netip.MustParseAddrPort("0.0.0.0:50051")

// version is that of the Barq DB that it stands for.
const version = "0.1.0"

// tracesVariable turns on traces by being there. The stand-in sends none.
const tracesVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

// The exit codes of Barq DB.
const (
	exitStopped = 0
	// exitFailed: it could not read its data, or have its port.
	exitFailed = 1
	// exitUsage: the environment says something that cannot be.
	exitUsage = 2
	// exitPanic: it panicked, which it does for whatever else is wrong at the start.
	exitPanic = 101
)

// failure is an error that ends the process.
type failure struct {
	code  int
	cause error
}

func (f *failure) Error() string { return f.cause.Error() }

// Main runs the server until SIGINT and gives the exit code.
func Main(arguments []string, lookup settings.Lookup, out, problems io.Writer) int {
	ignoreSignalsAsInit()
	err := run(arguments, lookup, out, problems)
	if err == nil {
		return exitStopped
	}
	code := exitFailed
	if known := (*failure)(nil); errors.As(err, &known) {
		code, err = known.code, known.cause
	}
	if panicked := (*store.PanicError)(nil); errors.As(err, &panicked) {
		code = exitPanic
	}
	text := rust.Report(err)
	switch code {
	case exitPanic:
		text = rust.Panic(rust.MainThread, err.Error())
	case exitUsage:
		text = fmt.Sprintf("error: %s\n\nFor more information, try '--help'.\n", err)
	}
	// There is nowhere else to say it.
	_, _ = io.WriteString(problems, text)
	return code
}

// ignoreSignalsAsInit does what the kernel does for the first process of a container
// that handles no signals. Go's runtime handles them, and would end the process.
func ignoreSignalsAsInit() {
	if os.Getpid() == 1 {
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	}
}

func run(arguments []string, lookup settings.Lookup, out, problems io.Writer) error {
	if endpoint, set := lookup(tracesVariable); set && endpoint == "" {
		return &failure{exitPanic, errors.New(tracesVariable + " is empty: name the address of a collector or leave it unset")}
	}
	lookup, err := settings.WithFlags(arguments, lookup)
	if err != nil {
		return &failure{exitUsage, err}
	}
	config, err := settings.Parse(lookup)
	if err != nil {
		return &failure{exitUsage, err}
	}
	log := logs.New(out, config.LogFilter)
	say := func(message string) { log.Log(logs.Info, "barq_server", message, nil) }
	say("starting with the data in " + config.StorageDir)

	if err := tier(config, log); err != nil {
		return err
	}
	data, err := store.Open(config.StorageDir, keys.DefaultTenant, tiers(config, problems))
	if err != nil {
		return err
	}
	router, err := route(config)
	if err != nil {
		return &failure{exitPanic, err}
	}
	registry := series.NewRegistry()
	data.Observe(registry)

	serveRPC((&rpc.Server{Store: data, Router: router, Version: version}).New(), problems)
	listener, err := net.Listen(family(config.Address), config.Address.String())
	if err != nil {
		return rust.SystemError(err)
	}
	say("serving on " + config.Address.String())
	handler := (&api.Server{Store: data, Keys: keys.NewRing(), Router: router, Series: registry, Log: log, Version: version}).Handler()
	if config.TLS() {
		return failTLS(config)
	}
	if err := serveUntilInterrupted(listener, handler); err != nil {
		return err
	}
	say("stopped")
	return nil
}

// family is the network of an address. Go listens for IPv6 too on all addresses of IPv4, and Barq DB does not.
func family(address netip.AddrPort) string {
	if address.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

func route(config settings.Settings) (*placement.Router, error) {
	if config.ClusterFile == "" {
		return placement.Single(), nil
	}
	return placement.Load(config.ClusterFile)
}

// tier does what Barq DB does with its tiers: it makes a client for each and moves
// nothing. Those for s3 and gcs cannot be made, with or without credentials.
func tier(config settings.Settings, log *logs.Logger) error {
	for _, tier := range config.Tiers {
		if !tier.Known() {
			log.Log(logs.Warn, "barq_server", "unknown provider of the "+tier.Name+" tier: "+tier.Provider, nil)
			continue
		}
		if tier.Provider != settings.Azure {
			return &store.PanicError{Reason: store.CannotStartRuntime}
		}
	}
	return nil
}

// tiers says what the store has to know of the tiers.
func tiers(config settings.Settings, problems io.Writer) store.Tiers {
	known := store.Tiers{On: config.Tiering, Problems: problems}
	for _, tier := range config.Tiers {
		if tier.Known() {
			known.Remote = append(known.Remote, tier.Name)
		}
	}
	return known
}

// serveRPC begins to serve gRPC, for as long as the process lives. Without its port the server goes on
// without gRPC.
func serveRPC(server *grpc.Server, problems io.Writer) {
	failed := func(err error) {
		failure := fmt.Sprintf("gRPC server failed: tonic::transport::Error(Transport, hyper::Error(Listen, %s))", rust.Debug(err))
		_, _ = io.WriteString(problems, rust.Panic(rust.WorkerThread, failure))
	}
	listener, err := net.Listen(family(rpcAddress), rpcAddress.String())
	if err != nil {
		failed(err)
		return
	}
	go func() { failed(server.Serve(listener)) }()
}

// noProvider is why Barq DB does not serve HTTPS: it has two providers of cryptography.
const noProvider = `
Could not automatically determine the process-level CryptoProvider from Rustls crate features.
Call CryptoProvider::install_default() before this point to select a provider manually, or make sure exactly one of the 'aws-lc-rs' and 'ring' features is enabled.
See the documentation of the CryptoProvider type for more information.
            `

// failTLS says why there is no HTTPS.
func failTLS(config settings.Settings) error {
	for _, file := range []string{config.Certificate, config.Key} {
		if _, err := os.ReadFile(file); err != nil {
			return &failure{exitPanic, errors.New("failed to load TLS config: " + rust.Debug(err))}
		}
	}
	return &failure{exitPanic, errors.New(noProvider)}
}
