// Command limit is the bare client against which operators are measured: it applies rendered
// objects, waits until the StatefulSets among them are Ready, and does nothing that this
// does not need. It has no limit on its requests and asks the API server for no kinds.
//
//	limit --manifests FILE --namespace NAMESPACE --workers 4 --listen 127.0.0.1:8081
//
// Each line of the file is a JSON list of the objects of one database. Work begins with a POST to
// /apply or /delete, which is answered when it is done.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal("limit: ", err)
	}
}

func run(ctx context.Context) error {
	var kubeconfig, listen string
	var work work
	flag.StringVar(&kubeconfig, "kubeconfig", "", "path of a kubeconfig")
	flag.StringVar(&listen, "listen", "", "address on which work is asked for, over HTTP")
	flag.StringVar(&work.manifests, "manifests", "", "file with the objects of one database in each line")
	flag.StringVar(&work.namespace, "namespace", "", "namespace of the objects")
	flag.IntVar(&work.workers, "workers", 1, "how many databases are worked on at a time")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	work.client, err = dynamic.NewForConfig(config)
	if err != nil {
		return err
	}

	handler := http.NewServeMux()
	handler.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	for path, do := range map[string]func(context.Context) error{"POST /apply": work.apply, "POST /delete": work.remove} {
		handler.HandleFunc(path, func(response http.ResponseWriter, request *http.Request) {
			if err := do(request.Context()); err != nil {
				http.Error(response, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	server := &http.Server{Addr: listen, Handler: handler, ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("listen on %s: %w", listen, err)
	}
	return nil
}
