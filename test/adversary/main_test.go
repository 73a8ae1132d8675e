package adversary

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// root is the top of the repository.
const root = "../.."

var (
	forgeries = flag.Int("forgeries", 150, "how many records are forged")
	seed      = flag.Uint64("seed", rand.Uint64(), "makes the choices of an earlier run again; random if not given")
)

// What the test works with.
var (
	admin       client.WithWatch
	adminConfig *rest.Config
	kubernetes  operatorprocess.Kubernetes
	operator    *operatorprocess.Process
	auditLog    string
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "adversary:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "barq-adversary-")
	if err != nil {
		return 1, err
	}
	defer func() {
		if code == 0 && err == nil {
			_ = os.RemoveAll(folder)
			return
		}
		fmt.Fprintln(os.Stderr, "the logs of this run are in", folder)
	}()
	ctx := context.Background()
	policy, err := audit.Policy(operatorprocess.User(operatorprocess.Account))
	if err != nil {
		return 1, err
	}
	auditLog = filepath.Join(folder, "audit.log")
	policyFile := filepath.Join(folder, "audit-policy.yaml")
	if err := os.WriteFile(policyFile, policy, 0o600); err != nil {
		return 1, err
	}
	control, err := cluster.Start(ctx, cluster.Options{
		Dir: filepath.Join(folder, "cluster"), Out: os.Stderr, Audit: &cluster.Audit{Policy: policyFile, Log: auditLog},
	})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, control.Stop()) }()
	if err := connect(control); err != nil {
		return 1, err
	}
	if err := install(ctx, control, folder); err != nil {
		return 1, err
	}
	code = m.Run()
	operator.Stop()
	// What is no JSON is a panic, or a message of the Go runtime.
	return code, operator.CheckLog()
}

func connect(control *cluster.Cluster) (err error) {
	if adminConfig, err = control.Config(); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	// The API server warns of more pods than one holds data for.
	adminConfig.WarningHandlerWithContext = rest.NoWarnings{}
	admin, err = client.NewWithWatch(adminConfig, client.Options{Scheme: scheme})
	return err
}

// install starts the operator with what config/ gives it.
func install(ctx context.Context, control *cluster.Cluster, folder string) error {
	kubernetes = operatorprocess.Kubernetes{
		Root: root, Admin: admin, Kubeconfig: control.Kubeconfig(), Kubectl: filepath.Join(control.BinDir(), "kubectl"),
	}
	monitors := exec.CommandContext(ctx, kubernetes.Kubectl, "--kubeconfig", kubernetes.Kubeconfig, "apply", "-f", "../integration/testdata/monitors.yaml")
	if out, err := monitors.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl apply: %w\n%s", err, out)
	}
	if err := kubernetes.Install(ctx); err != nil {
		return err
	}
	kubeconfig, program := filepath.Join(folder, "operator.kubeconfig"), filepath.Join(folder, "barq-operator")
	if err := kubernetes.WriteKubeconfig(ctx, operatorprocess.Account, kubeconfig); err != nil {
		return err
	}
	if err := operatorprocess.Build(ctx, root, program); err != nil {
		return err
	}
	operator = &operatorprocess.Process{Program: program, Root: root, Kubeconfig: kubeconfig, Log: filepath.Join(folder, "operator.log")}
	return operator.Start()
}
