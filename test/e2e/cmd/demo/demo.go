package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/e2e/digits"
)

const (
	// namespace is the demo's own.
	namespace = "barq-demo"
	// name of the BarqCluster, of which pod is the only one.
	name, pod = "digits", "digits-0"
	// timeoutVariable is how long each step may take, as Go writes durations; patience is that without it.
	timeoutVariable = "DEMO_TIMEOUT"
	patience        = 3 * time.Minute
)

// demo is what the steps share.
type demo struct {
	out   io.Writer
	start time.Time
	// patience is how long each step may take.
	patience time.Duration
	root     string
	rest     *rest.Config
	client   client.Client
	ownNode  bool
	// stored are in the database, and asked are those that it is asked for.
	stored, asked []digits.Digit
	// correct is how many of those it found the right digit for.
	correct int
	// written are the numbers of the documents that clients wrote, and were told that they are kept.
	written []int
}

func connect(root string, out io.Writer) (*demo, error) {
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		return nil, errors.New("KUBECONFIG names no cluster; run `make demo`, which does")
	}
	// They would print that a pod was killed while a port of it was forwarded. The requests fail too, and say so.
	utilruntime.ErrorHandlers = nil
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 200
	if err := v1alpha1.AddToScheme(clientgoscheme.Scheme); err != nil {
		return nil, err
	}
	d := &demo{out: out, start: time.Now(), patience: patience, root: root, rest: config, ownNode: os.Getenv(ownNode) != ""}
	if given := os.Getenv(timeoutVariable); given != "" {
		if d.patience, err = time.ParseDuration(given); err != nil {
			return nil, fmt.Errorf("%s: %w", timeoutVariable, err)
		}
	}
	if d.client, err = client.New(config, client.Options{Scheme: clientgoscheme.Scheme}); err != nil {
		return nil, err
	}
	if d.stored, err = digits.Training(); err != nil {
		return nil, err
	}
	d.asked, err = digits.Test()
	return d, err
}

// run does one step after the other, and stops at the first that does not hold.
func (d *demo) run(ctx context.Context) error {
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Operator", d.install},
		{"A BarqCluster becomes Ready", d.create},
		{fmt.Sprintf("%s handwritten digits go in", thousands(len(d.stored))), d.insert},
		{"Searches", d.search},
		{"Kills while clients write", d.kill},
		{"The disk is thrown away", d.tiers},
		{"Requests after which Barq DB would not start again", d.poison},
		{"A write past the agent, which Barq DB cannot read again", d.quarantine},
		{"What the operator and the agent say", d.status},
	} {
		d.say("\n==> %s", step.title)
		if err := d.within(ctx, step.do); err != nil {
			if ctx.Err() == nil {
				d.showTrouble()
			}
			return fmt.Errorf("%s: %w", strings.ToLower(step.title[:1])+step.title[1:], err)
		}
	}
	d.say("\nAll of it held, in %.0f s.", time.Since(d.start).Seconds())
	return nil
}

// within bounds the time of a step.
func (d *demo) within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d.patience, fmt.Errorf("not done after %s", d.patience))
	defer cancel()
	return do(ctx)
}

func (d *demo) say(format string, values ...any) {
	_, _ = fmt.Fprintf(d.out, format+"\n", values...)
}

// progress is say with the seconds since the start.
func (d *demo) progress(format string, values ...any) {
	d.say("%4.0f s  %s", time.Since(d.start).Seconds(), fmt.Sprintf(format, values...))
}

// kubectl shows a command and what it prints.
func (d *demo) kubectl(ctx context.Context, args ...string) error {
	d.say("$ kubectl %s", strings.Join(args, " "))
	command := exec.CommandContext(ctx, "kubectl", append([]string{"--namespace", namespace}, args...)...)
	command.Dir, command.Stdout, command.Stderr = d.root, d.out, d.out
	if err := command.Run(); err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// showTrouble shows what a person would look at first.
func (d *demo) showTrouble() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := d.ownsOperator(ctx); err != nil {
		// Nothing is there yet.
		return
	}
	for _, args := range [][]string{
		{"get", "pods", "--all-namespaces"}, {"describe", "barqcluster", name}, {"events"}, {"logs", pod, "--all-containers", "--tail=20"},
	} {
		_ = d.kubectl(ctx, args...)
	}
}

// thousands writes a number with commas.
func thousands(number int) string {
	text := fmt.Sprint(number)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
