package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/chaos/apiproxy"
	"github.com/barq-db/barq-operator/test/chaos/desired"
	"github.com/barq-db/barq-operator/test/chaos/jumpingclock"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// emptyNamespace is where objects are compared, and never made.
const emptyNamespace = "empty"

// environment is what all rows share: the cluster, and programs.
type environment struct {
	// root is the top of the repository, and folder where this run keeps what it makes.
	root, folder string
	out          io.Writer

	control  *cluster.Cluster
	config   *rest.Config
	admin    client.Client
	renderer desired.Renderer
	proxy    *apiproxy.Proxy
	// program is the operator, and jumping the same with a clock that can be made to jump.
	program, jumping string
	// direct and proxied are kubeconfigs with the operator's permissions.
	direct, proxied string
}

// newEnvironment starts a cluster, and builds what the faults need.
func newEnvironment(ctx context.Context, root, folder string, faults []string, out io.Writer) (_ *environment, err error) {
	e := &environment{root: root, folder: folder, out: out}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if err := e.build(ctx, faults); err != nil {
		return nil, err
	}
	if e.control, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(folder, "cluster"), Out: out}); err != nil {
		return nil, err
	}
	if e.config, err = e.control.Config(); err != nil {
		return nil, err
	}
	// The API server warns of more pods than one holds data for.
	e.config.WarningHandlerWithContext = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	if e.admin, err = client.New(e.config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	e.renderer = desired.Renderer{Admin: e.admin, Chart: filepath.Join(root, "helm-charts/barq-db"), Empty: emptyNamespace}
	if err := e.newNamespace(ctx, emptyNamespace); err != nil {
		return nil, err
	}
	return e, e.install(ctx)
}

func (e *environment) build(ctx context.Context, faults []string) error {
	e.program = filepath.Join(e.folder, "barq-operator")
	if err := operatorprocess.Build(ctx, e.root, e.program); err != nil {
		return err
	}
	if !slices.Contains(faults, clockJumps) {
		return nil
	}
	e.say("building the operator with a clock that jumps (minutes the first time, because all depends on it)")
	overlay, err := jumpingclock.Overlay(e.folder)
	if err != nil {
		return err
	}
	e.jumping = filepath.Join(e.folder, "barq-operator-jumping")
	return operatorprocess.Build(ctx, e.root, e.jumping, overlay)
}

// install makes what the operator needs, and its ways to the API server.
func (e *environment) install(ctx context.Context) error {
	kubernetes := operatorprocess.Kubernetes{
		Root: e.root, Admin: e.admin, Kubeconfig: e.control.Kubeconfig(), Kubectl: filepath.Join(e.control.BinDir(), "kubectl"),
	}
	if err := kubernetes.Install(ctx); err != nil {
		return err
	}
	e.direct, e.proxied = filepath.Join(e.folder, "direct.kubeconfig"), filepath.Join(e.folder, "proxied.kubeconfig")
	if err := kubernetes.WriteKubeconfig(ctx, operatorprocess.Account, e.direct); err != nil {
		return err
	}
	token, err := kubernetes.Token(ctx, operatorprocess.Account)
	if err != nil {
		return err
	}
	as := rest.AnonymousClientConfig(e.config)
	as.BearerToken = token
	if e.proxy, err = apiproxy.Start(as); err != nil {
		return err
	}
	return e.proxy.WriteKubeconfig(e.proxied)
}

func (e *environment) close() error {
	var errs []error
	if e.proxy != nil {
		errs = append(errs, e.proxy.Close())
	}
	if e.control != nil {
		errs = append(errs, e.control.Stop())
	}
	return errors.Join(errs...)
}

func (e *environment) say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(e.out, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, arguments...))
}

func (e *environment) newNamespace(ctx context.Context, name string) error {
	return e.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

// removeNamespace returns when the namespace and all in it is gone, so that it is no burden to the next row.
func (e *environment) removeNamespace(ctx context.Context, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := e.admin.Delete(ctx, namespace); err != nil {
		return err
	}
	for {
		if err := e.admin.Get(ctx, client.ObjectKeyFromObject(namespace), namespace); err != nil {
			return client.IgnoreNotFound(err)
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("wait for namespace %s to be gone: %w", name, err)
		}
	}
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(duration):
		return nil
	}
}

// insist does something until it succeeds, because the API server may be away for a while. What it calls invalid will
// be so the next time.
func insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || apierrors.IsInvalid(err) {
			return err
		}
		if ended := sleep(ctx, 100*time.Millisecond); ended != nil {
			return errors.Join(err, ended)
		}
	}
}
