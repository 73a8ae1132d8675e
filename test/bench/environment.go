package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/hack/programs"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/testbed"
	"github.com/barq-db/barq-operator/test/wait"
)

// stockModule pins the stock operator.
const stockModule = "test/bench/stock"

// accounts are the service accounts of the contenders.
var accounts = map[string]string{Operator: operatorprocess.Account, Asking: operatorprocess.Account, Stock: "stock", Limit: "limit"}

// user is how the API server calls a contender.
func user(contender string) string { return operatorprocess.User(accounts[contender]) }

// environment is what all contenders share: the cluster, its audit log, and programs.
type environment struct {
	*testbed.Testbed

	log *audit.Log
	// programs and kubeconfigs are by contender.
	programs, kubeconfigs map[string]string
	// podAddress is the address of the pods that have an agent.
	podAddress string
}

// newEnvironment starts a cluster and puts in it what the contenders need.
func newEnvironment(ctx context.Context, root, folder string, contenders []string, out io.Writer) (_ *environment, err error) {
	options := testbed.Options{Root: root, Folder: folder, Out: out}
	for _, contender := range Contenders() {
		options.Audited = append(options.Audited, user(contender))
	}
	e := &environment{Testbed: &testbed.Testbed{Options: options}, programs: map[string]string{}, kubeconfigs: map[string]string{}}
	if slices.Contains(contenders, Asking) {
		if e.podAddress, err = podAddress(); err != nil {
			return nil, err
		}
	}
	if err := e.buildPrograms(ctx, contenders); err != nil {
		return nil, err
	}
	if e.Testbed, err = testbed.Start(ctx, options); err != nil {
		return nil, err
	}
	if e.log, err = audit.Open(e.AuditLog); err != nil {
		return nil, errors.Join(err, e.Control.Stop())
	}
	if err := e.install(ctx, contenders); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *environment) close() error { return errors.Join(e.log.Close(), e.Control.Stop()) }

func (e *environment) buildPrograms(ctx context.Context, contenders []string) error {
	for _, contender := range contenders {
		var err error
		switch contender {
		case Operator, Asking:
			e.programs[contender] = filepath.Join(e.Folder, contender)
			err = operatorprocess.Build(ctx, e.Root, e.programs[contender])
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
	e.programs[Limit] = filepath.Join(e.Folder, Limit)
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", e.programs[Limit], "./test/bench/cmd/limit")
	command.Dir = e.Root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func (e *environment) buildStock(ctx context.Context) error {
	built, err := programs.Build(ctx, filepath.Join(e.Root, stockModule), e.Out, "helm-operator")
	e.programs[Stock] = built["helm-operator"]
	return err
}

// install makes what the others need beside the operator, which has exactly the permissions that it is shipped with. They
// have all.
func (e *environment) install(ctx context.Context, contenders []string) error {
	for _, object := range []client.Object{stockDefinition(), account(Stock), administrator(Stock), account(Limit), administrator(Limit)} {
		if err := e.Admin.Create(ctx, object); err != nil {
			return fmt.Errorf("create %T %s: %w", object, object.GetName(), err)
		}
	}
	for _, contender := range contenders {
		e.kubeconfigs[contender] = filepath.Join(e.Folder, contender+".kubeconfig")
		if err := e.Kubernetes.WriteKubeconfig(ctx, accounts[contender], e.kubeconfigs[contender]); err != nil {
			return err
		}
	}
	return e.awaitDefinitions(ctx)
}

// awaitDefinitions returns when resources of both kinds can be made.
func (e *environment) awaitDefinitions(ctx context.Context) error {
	return wait.For(ctx, "the API server to know the kinds", func(ctx context.Context) (bool, error) {
		_, err := e.values(ctx, Operator)
		return err == nil && e.Admin.Create(ctx, newStockCluster(metav1.NamespaceDefault, "probe", nil), client.DryRunAll) == nil, nil
	})
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
