package bench

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
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/programs"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// stockModule pins the stock operator.
const stockModule = "test/bench/stock"

// accounts are the service accounts of the contenders.
var accounts = map[string]string{Operator: operatorprocess.Account, Stock: "stock", Limit: "limit"}

// user is how the API server calls a contender.
func user(contender string) string { return operatorprocess.User(accounts[contender]) }

// environment is what all contenders share: the cluster, its audit log, and programs.
type environment struct {
	// root is the top of the repository, and folder where this run keeps what it makes.
	root, folder string
	out          io.Writer

	control *cluster.Cluster
	config  *rest.Config
	admin   client.WithWatch
	log     *audit.Log
	// programs and kubeconfigs are by contender.
	programs, kubeconfigs map[string]string
}

// newEnvironment starts a cluster and puts in it what the contenders need.
func newEnvironment(ctx context.Context, root, folder string, contenders []string, out io.Writer) (_ *environment, err error) {
	e := &environment{root: root, folder: folder, out: out, programs: map[string]string{}, kubeconfigs: map[string]string{}}
	if err := e.buildPrograms(ctx, contenders); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if err := e.startCluster(ctx); err != nil {
		return nil, err
	}
	return e, e.install(ctx, contenders)
}

func (e *environment) close() error {
	var errs []error
	if e.log != nil {
		errs = append(errs, e.log.Close())
	}
	if e.control != nil {
		errs = append(errs, e.control.Stop())
	}
	return errors.Join(errs...)
}

func (e *environment) buildPrograms(ctx context.Context, contenders []string) error {
	for _, contender := range contenders {
		var err error
		switch contender {
		case Operator:
			e.programs[contender] = filepath.Join(e.folder, contender)
			err = operatorprocess.Build(ctx, e.root, e.programs[contender])
		case Limit:
			err = e.buildLimit(ctx)
		case Stock:
			err = e.buildStock(ctx)
		}
		if err != nil {
			return fmt.Errorf("build %s: %w", contender, err)
		}
	}
	return nil
}

func (e *environment) buildLimit(ctx context.Context) error {
	e.programs[Limit] = filepath.Join(e.folder, Limit)
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", e.programs[Limit], "./test/bench/cmd/limit")
	command.Dir = e.root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func (e *environment) buildStock(ctx context.Context) error {
	built, err := programs.Build(ctx, filepath.Join(e.root, stockModule), e.out, "helm-operator")
	e.programs[Stock] = built["helm-operator"]
	return err
}

func (e *environment) startCluster(ctx context.Context) error {
	var users []string
	for _, contender := range Contenders() {
		users = append(users, user(contender))
	}
	policy, err := audit.Policy(users...)
	if err != nil {
		return err
	}
	options := &cluster.Audit{Policy: filepath.Join(e.folder, "audit-policy.yaml"), Log: filepath.Join(e.folder, "audit.log")}
	if err := os.WriteFile(options.Policy, policy, 0o600); err != nil {
		return err
	}
	// The API server makes the file with its first line, which may be after it is first read.
	if err := os.WriteFile(options.Log, nil, 0o600); err != nil {
		return err
	}
	e.control, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(e.folder, "cluster"), Out: e.out, Audit: options})
	if err != nil {
		return err
	}
	if e.log, err = audit.Open(options.Log); err != nil {
		return err
	}
	if e.config, err = e.control.Config(); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	// The API server warns of more pods than one holds data for.
	e.config.WarningHandlerWithContext = rest.NoWarnings{}
	e.admin, err = client.NewWithWatch(e.config, client.Options{Scheme: scheme})
	return err
}

// install makes the kinds and the accounts. The operator gets exactly the permissions that it is shipped with, and
// the others all.
func (e *environment) install(ctx context.Context, contenders []string) error {
	kubernetes := operatorprocess.Kubernetes{
		Root: e.root, Admin: e.admin, Kubeconfig: e.control.Kubeconfig(), Kubectl: filepath.Join(e.control.BinDir(), "kubectl"),
	}
	if err := kubernetes.Install(ctx); err != nil {
		return err
	}
	for _, object := range []client.Object{stockDefinition(), account(Stock), administrator(Stock), account(Limit), administrator(Limit)} {
		if err := e.admin.Create(ctx, object); err != nil {
			return fmt.Errorf("create %T %s: %w", object, object.GetName(), err)
		}
	}
	for _, contender := range contenders {
		e.kubeconfigs[contender] = filepath.Join(e.folder, contender+".kubeconfig")
		if err := kubernetes.WriteKubeconfig(ctx, accounts[contender], e.kubeconfigs[contender]); err != nil {
			return err
		}
	}
	return e.awaitDefinitions(ctx)
}

// awaitDefinitions returns when resources of both kinds can be made.
func (e *environment) awaitDefinitions(ctx context.Context) error {
	for {
		_, err := e.values(ctx)
		if err == nil {
			err = e.admin.Create(ctx, newStockCluster(metav1.NamespaceDefault, "probe", nil), client.DryRunAll)
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the API server to know the kinds: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stockDefinition lets the stock operator's resources have any values, as its own project layout does.
func stockDefinition() *apiextensionsv1.CustomResourceDefinition {
	anything := apiextensionsv1.JSONSchemaProps{Type: "object", XPreserveUnknownFields: ptr.To(true)}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "stockclusters." + stockKind.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: stockKind.Group,
			Names: apiextensionsv1.CustomResourceDefinitionNames{
				Kind: stockKind.Kind, ListKind: stockKind.Kind + "List", Plural: "stockclusters", Singular: "stockcluster",
			},
			Scope: apiextensionsv1.NamespaceScoped,
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: stockKind.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type:       "object",
					Properties: map[string]apiextensionsv1.JSONSchemaProps{"spec": anything, "status": anything},
				}},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
			}},
		},
	}
}

func account(contender string) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorprocess.Namespace, Name: accounts[contender]}}
}

func administrator(contender string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "bench-" + contender},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: operatorprocess.Namespace, Name: accounts[contender]}},
	}
}

// newNamespace makes a namespace of a session.
func (e *environment) newNamespace(ctx context.Context, name string) error {
	return e.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

// removeNamespace returns when the namespace and all in it is gone, so that it is no burden to whoever is next.
func (e *environment) removeNamespace(ctx context.Context, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	// Pods first: the deletion of a namespace removes a kind of objects at a time.
	if err := e.admin.DeleteAllOf(ctx, &appsv1.StatefulSet{}, client.InNamespace(name)); err != nil {
		return err
	}
	if err := e.admin.Delete(ctx, namespace); err != nil {
		return err
	}
	for {
		err := e.admin.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
		if err != nil {
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
