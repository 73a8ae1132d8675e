package cluster

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/barq-db/barq-operator/test/cluster/process"
	"github.com/barq-db/barq-operator/test/wait"
)

// Component is a process of the cluster that faults can be made in.
type Component string

const (
	// Etcd stores what the API server has.
	Etcd Component = etcd
	// APIServer is the only one.
	APIServer Component = apiServer
	// Simulation stands for the kubelets. While it is paused no node reports.
	Simulation Component = kwok
)

// started is a process of the cluster, and what it takes to start it again.
type started struct {
	*process.Process

	name, file string
	arguments  []string
	// runs counts the processes that there were in its place.
	runs int
}

// Restart kills a component, as a node does that loses its power, and starts it again after a time, with what it had
// stored. It returns when the API server is ready. Until then clients are refused.
func (c *Cluster) Restart(ctx context.Context, component Component, after time.Duration) error {
	if err := c.replace(component, func() error { return wait.Sleep(ctx, after) }); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := waitServing(ctx, client); err != nil || c.realNode != nil {
		return err
	}
	return c.restartSimulation(ctx, client)
}

// restartSimulation does what a kubelet does by itself: kwok v0.8.0 does not always take up its watches again after
// the API server was away, and then no pod ever starts.
func (c *Cluster) restartSimulation(ctx context.Context, client kubernetes.Interface) error {
	return c.replace(kwok, func() error {
		// Another process of it would wait for 40 seconds, until the nodes are no longer held by the last one.
		return client.CoordinationV1().Leases(corev1.NamespaceNodeLease).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
	})
}

// replace kills the process of a component, does something while there is none, and starts another one in its place.
func (c *Cluster) replace(component Component, meanwhile func() error) error {
	place, err := c.place(component)
	if err != nil {
		return err
	}
	c.expectEnd(place.Process)
	place.Kill()
	if err := meanwhile(); err != nil {
		return fmt.Errorf("while there is no %s: %w", component, err)
	}
	next := *place
	next.runs++
	if err := c.runAgain(&next); err != nil {
		return fmt.Errorf("start %s again: %w", component, err)
	}
	return nil
}

// Pause stops a component for a time, as a node does that has too much to do: connections stay open and
// there is no answer.
func (c *Cluster) Pause(ctx context.Context, component Component, duration time.Duration) error {
	place, err := c.place(component)
	if err != nil {
		return err
	}
	if err := place.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("pause %s: %w", component, err)
	}
	interrupted := wait.Sleep(ctx, duration)
	// Also when the context has ended, or nothing could end this process.
	if err := place.Signal(syscall.SIGCONT); err != nil {
		return errors.Join(interrupted, fmt.Errorf("let %s go on: %w", component, err))
	}
	return interrupted
}

func (c *Cluster) place(component Component) (*started, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, place := range c.processes {
		if place.name == string(component) {
			return place, nil
		}
	}
	return nil, fmt.Errorf("the cluster has no %s", component)
}

// expectEnd says that the process ends by intent, so that the cluster does not end with it.
func (c *Cluster) expectEnd(p *process.Process) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.expected[p] = true
}

func (c *Cluster) isExpected(p *process.Process) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.expected[p]
}
