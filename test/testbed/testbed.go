package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/wait"
)

// Options say what a suite needs.
type Options struct {
	// Root is the top of the repository, and Folder where the suite keeps what it makes.
	Root, Folder string
	// Out gets a line about each thing that takes time.
	Out io.Writer
	// Tools are programs beside those of the cluster, such as helm.
	Tools []string
	// Audited are the users whose requests the API server writes down; none for no such log.
	Audited []string
	// Manifests are files of objects that the operator finds there.
	Manifests []string
	// Environment has variables for the processes of the cluster.
	Environment []string
}

// Testbed is a cluster with what the operator is installed with, and no operator yet.
type Testbed struct {
	Options

	Control *cluster.Cluster
	Config  *rest.Config
	// Admin may do everything, and reads from the API server itself.
	Admin client.WithWatch
	// Kubernetes is the same for programs.
	Kubernetes operatorprocess.Kubernetes
	// AuditLog is the path of the log of requests.
	AuditLog string
}

// Start starts it. After an error nothing runs.
func Start(ctx context.Context, options Options) (_ *Testbed, err error) {
	b := &Testbed{Options: options, AuditLog: filepath.Join(options.Folder, "audit.log")}
	auditing, err := b.audit()
	if err != nil {
		return nil, err
	}
	b.Control, err = cluster.Start(ctx, cluster.Options{
		Dir: filepath.Join(b.Folder, "cluster"), Out: b.Out, Tools: b.Tools, Audit: auditing, Environment: b.Environment,
	})
	if err != nil {
		return nil, err
	}
	if err = b.connect(); err == nil {
		err = b.install(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, b.Control.Stop())
	}
	return b, nil
}

// audit lets the API server write down requests.
func (b *Testbed) audit() (*cluster.Audit, error) {
	if len(b.Audited) == 0 {
		return nil, nil
	}
	policy, err := audit.Policy(b.Audited...)
	if err != nil {
		return nil, err
	}
	options := &cluster.Audit{Policy: filepath.Join(b.Folder, "audit-policy.yaml"), Log: b.AuditLog}
	// The API server makes the log with its first line, which may be after it is first read.
	return options, errors.Join(os.WriteFile(options.Policy, policy, 0o600), os.WriteFile(options.Log, nil, 0o600))
}

func (b *Testbed) connect() (err error) {
	if b.Config, err = b.Control.Config(); err != nil {
		return err
	}
	// The API server warns of more pods than one holds data for.
	b.Config.WarningHandlerWithContext = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	err = errors.Join(clientgoscheme.AddToScheme(scheme), apiextensionsv1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
	if err != nil {
		return err
	}
	b.Admin, err = client.NewWithWatch(b.Config, client.Options{Scheme: scheme})
	return err
}

func (b *Testbed) install(ctx context.Context) error {
	b.Kubernetes = operatorprocess.Kubernetes{
		Root: b.Root, Admin: b.Admin, Kubeconfig: b.Control.Kubeconfig(), Kubectl: filepath.Join(b.Control.BinDir(), "kubectl"),
	}
	for _, file := range b.Manifests {
		command := exec.CommandContext(ctx, b.Kubernetes.Kubectl, "--kubeconfig", b.Kubernetes.Kubeconfig, "apply", "-f", file)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl apply: %w\n%s", err, out)
		}
	}
	return b.Kubernetes.Install(ctx)
}

// Operator builds the operator and gives it its permissions. It does not run yet.
func (b *Testbed) Operator(ctx context.Context) (*operatorprocess.Process, error) {
	o := &operatorprocess.Process{
		Root: b.Root, Program: filepath.Join(b.Folder, "barq-operator"),
		Kubeconfig: filepath.Join(b.Folder, "operator.kubeconfig"), Log: filepath.Join(b.Folder, "operator.log"),
	}
	if err := b.Kubernetes.WriteKubeconfig(ctx, operatorprocess.Account, o.Kubeconfig); err != nil {
		return nil, err
	}
	return o, operatorprocess.Build(ctx, b.Root, o.Program)
}

// Say tells on Out what the suite is at.
func (b *Testbed) Say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(b.Out, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, arguments...))
}

// NewNamespace makes a namespace.
func (b *Testbed) NewNamespace(ctx context.Context, name string) error {
	return b.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

// RemoveNamespace returns when the namespace and all in it is gone, so that it is no burden to what comes next.
func (b *Testbed) RemoveNamespace(ctx context.Context, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	// Pods first: the deletion of a namespace removes a kind of objects at a time.
	if err := b.Admin.DeleteAllOf(ctx, &appsv1.StatefulSet{}, client.InNamespace(name)); err != nil {
		return err
	}
	if err := b.Admin.Delete(ctx, namespace); err != nil {
		return err
	}
	return wait.For(ctx, "namespace "+name+" to be gone", func(ctx context.Context) (bool, error) {
		err := b.Admin.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
		return err != nil, client.IgnoreNotFound(err)
	})
}
