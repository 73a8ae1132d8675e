package pods

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// Forward opens a port on this machine that leads to a port of the pod, through the API server and the kubelet. So it works on
// any cluster and whatever a NetworkPolicy says. It is open until stop is called, or the pod ends.
func Forward(ctx context.Context, config *rest.Config, namespace, pod string, port int) (local int, stop func() error, err error) {
	failed := func(err error) (int, func() error, error) {
		return 0, nil, fmt.Errorf("forward port %d of pod %s: %w", port, pod, err)
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return failed(err)
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return failed(err)
	}
	url := clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	stopped, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)},
		stopped, ready, io.Discard, io.Discard)
	if err != nil {
		return failed(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	stop = func() error {
		close(stopped)
		return <-ended
	}
	select {
	case <-ready:
	case err := <-ended:
		return failed(err)
	case <-ctx.Done():
		_ = stop()
		return failed(context.Cause(ctx))
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		_ = stop()
		return failed(err)
	}
	return int(ports[0].Local), stop, nil
}
