package chaos

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/barq-db/barq-operator/test/chaos/apiproxy"
	"github.com/barq-db/barq-operator/test/chaos/desired"
	"github.com/barq-db/barq-operator/test/chaos/jumpingclock"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

// emptyNamespace is where objects are compared, and never made.
const emptyNamespace = "empty"

// environment is what all rows share: the cluster, and programs.
type environment struct {
	*testbed.Testbed

	renderer desired.Renderer
	proxy    *apiproxy.Proxy
	// program is the operator, and jumping the same with a clock that can be made to jump.
	program, jumping string
	// direct and proxied are kubeconfigs with the operator's permissions.
	direct, proxied string
}

// newEnvironment starts a cluster, and builds what the faults need.
func newEnvironment(ctx context.Context, root, folder string, faults []string, out io.Writer) (_ *environment, err error) {
	e := &environment{}
	if e.Testbed, err = testbed.Start(ctx, testbed.Options{Root: root, Folder: folder, Out: out}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	e.renderer = desired.Renderer{Admin: e.Admin, Chart: filepath.Join(root, "helm-charts/barq-db"), Empty: emptyNamespace}
	if err := e.NewNamespace(ctx, emptyNamespace); err != nil {
		return nil, err
	}
	if err := e.build(ctx, faults); err != nil {
		return nil, err
	}
	return e, e.connectProxy(ctx)
}

func (e *environment) build(ctx context.Context, faults []string) error {
	operator, err := e.Operator(ctx)
	if err != nil {
		return err
	}
	e.program, e.direct = operator.Program, operator.Kubeconfig
	if !slices.Contains(faults, clockJumps) {
		return nil
	}
	e.Say("building the operator with a clock that jumps (minutes the first time, because all depends on it)")
	overlay, err := jumpingclock.Overlay(e.Folder)
	if err != nil {
		return err
	}
	e.jumping = filepath.Join(e.Folder, "barq-operator-jumping")
	return operatorprocess.Build(ctx, e.Root, e.jumping, overlay)
}

// connectProxy makes the operator's other way to the API server.
func (e *environment) connectProxy(ctx context.Context) error {
	e.proxied = filepath.Join(e.Folder, "proxied.kubeconfig")
	token, err := e.Kubernetes.Token(ctx, operatorprocess.Account)
	if err != nil {
		return err
	}
	as := rest.AnonymousClientConfig(e.Config)
	as.BearerToken = token
	if e.proxy, err = apiproxy.Start(as); err != nil {
		return err
	}
	return e.proxy.WriteKubeconfig(e.proxied)
}

func (e *environment) close() error {
	var err error
	if e.proxy != nil {
		err = e.proxy.Close()
	}
	return errors.Join(err, e.Control.Stop())
}

// insist does something until it succeeds, because the API server may be away for a while. What it calls invalid will
// be so the next time.
func insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || apierrors.IsInvalid(err) {
			return err
		}
		if ended := wait.Sleep(ctx, 100*time.Millisecond); ended != nil {
			return errors.Join(err, ended)
		}
	}
}
