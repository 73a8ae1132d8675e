package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/hack/demo/internal/daemon"
)

const (
	// operatorNamespace and operatorAccount are those of config/rbac.
	operatorNamespace = "barq-system"
	operatorAccount   = "barq-operator"

	// operatorGrace is what the operator gets to finish a Helm step.
	operatorGrace = 20 * time.Second
	// operatorTimeout bounds the time until it says that it is ready.
	operatorTimeout = 30 * time.Second
	operatorPoll    = 20 * time.Millisecond
	// tokenLifetime is for how long the operator can work before the demo has to be run
	// again; a cluster may grant less.
	tokenLifetime = 30 * 24 * time.Hour
)

// replaceOperator stops the operator of an earlier run, installs what the operator
// needs and starts it.
func (d *demo) replaceOperator(ctx context.Context, sample []client.ObjectKey) error {
	d.heading("Operator")
	if err := d.stopOperator(ctx); err != nil {
		return err
	}
	if !d.record.Started {
		if err := d.refuseSecondOperator(ctx); err != nil {
			return err
		}
	}
	if err := d.buildOperator(ctx); err != nil {
		return err
	}
	if err := d.step(ctx, "applying config/crd and config/rbac", func() error { return d.install(ctx) }); err != nil {
		return err
	}
	return d.startOperator(ctx, sample)
}

// stopOperator stops the operator of an earlier run, if one runs.
func (d *demo) stopOperator(ctx context.Context) error {
	running, err := daemon.Find(d.directory.operatorLock())
	if err != nil || running == nil {
		return err
	}
	return d.step(ctx, fmt.Sprintf("stopping the operator that runs (process %d)", running.PID), func() error {
		return running.Stop(ctx, operatorGrace)
	})
}

// startOperator starts the operator with exactly the permissions of config/rbac, and
// returns when it is ready.
func (d *demo) startOperator(ctx context.Context, sample []client.ObjectKey) error {
	err := d.step(ctx, "starting the operator with the permissions of config/rbac", func() error {
		if err := d.writeOperatorKubeconfig(ctx); err != nil {
			return err
		}
		health, err := freeAddress()
		if err != nil {
			return err
		}
		metrics, err := freeAddress()
		if err != nil {
			return err
		}
		d.operator, err = daemon.Start(daemon.Program{
			File: d.directory.file("barq-operator"),
			Args: []string{
				"--watches-file", "watches.yaml",
				"--health-probe-bind-address", health,
				"--metrics-bind-address", metrics,
				// As it is shipped. It also lets others see that an operator is at work.
				"--leader-elect", "--leader-election-namespace", operatorNamespace,
			},
			Environment: append(os.Environ(),
				"KUBECONFIG="+d.directory.operatorKubeconfig(),
				"WATCH_NAMESPACE="+strings.Join(d.watchedNamespaces(sample), ",")),
			LockFile: d.directory.operatorLock(),
			LogFile:  d.directory.operatorLog(),
		})
		if err != nil {
			return err
		}
		return d.waitOperatorReady(ctx, "http://"+health+"/readyz")
	})
	if err != nil {
		return err
	}
	d.printf("process %d, watching %s, log %s\n", d.operator.PID, watched(d.watchedNamespaces(sample)), d.directory.operatorLog())
	return nil
}

// watchedNamespaces are all, as none, in a cluster of the demo's own. In one that
// existed the operator must not touch what is not the demo's.
func (d *demo) watchedNamespaces(sample []client.ObjectKey) []string {
	if d.record.Started {
		return nil
	}
	return distinctNamespaces(slices.Concat(sample, d.recordedClusters()))
}

func watched(namespaces []string) string {
	if len(namespaces) == 0 {
		return "all namespaces"
	}
	return "only " + strings.Join(namespaces, ", ")
}

// writeOperatorKubeconfig gives the operator a token of its service account in place of
// the rights of the demo's kubeconfig.
func (d *demo) writeOperatorKubeconfig(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: operatorAccount}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To(int64(tokenLifetime.Seconds())),
	}}
	if err := d.kubernetes.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("make a token of the service account %s/%s: %w", operatorNamespace, operatorAccount, err)
	}
	// Unlike LoadFromFile, this resolves paths that are relative to the file.
	config, err := (&clientcmd.ClientConfigLoadingRules{ExplicitPath: d.record.Kubeconfig}).Load()
	if err != nil {
		return err
	}
	if err := clientcmdapi.MinifyConfig(config); err != nil {
		return fmt.Errorf("the kubeconfig %s is of no use: %w", d.record.Kubeconfig, err)
	}
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{operatorAccount: {Token: request.Status.Token}}
	config.Contexts[config.CurrentContext].AuthInfo = operatorAccount
	return clientcmd.WriteToFile(*config, d.directory.operatorKubeconfig())
}

// waitOperatorReady returns when the operator says that it is ready.
func (d *demo) waitOperatorReady(ctx context.Context, readyz string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, operatorTimeout,
		fmt.Errorf("the operator was not ready after %s; its log is %s", operatorTimeout, d.directory.operatorLog()))
	defer cancel()
	for {
		if answers(ctx, readyz) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-d.operator.Ended():
			return d.operatorEnded()
		case <-time.After(operatorPoll):
		}
	}
}

// operatorEnded is the error about an operator that has ended unasked.
func (d *demo) operatorEnded() error {
	return fmt.Errorf("the operator has ended; its log %s ends with:\n%s", d.directory.operatorLog(), lastLines(d.directory.operatorLog(), 5))
}

func lastLines(file string, count int) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// freeAddress gives an address that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
