package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
)

// root is the top of the repository.
const root = "../.."

// operatorUser is who the operator is to the API server.
var operatorUser = operatorprocess.User(operatorprocess.Account)

// What every test shares.
var (
	// admin may do everything, and reads from the API server itself.
	admin client.WithWatch
	// adminKubeconfig is the same for programs.
	adminKubeconfig string
	// control is the cluster itself, for faults.
	control *cluster.Cluster
	// kubectlProgram and helmProgram are what a person would type.
	kubectlProgram, helmProgram string
	// operator is the process under test.
	operator *operatorprocess.Process
	// asked has every request that the API server got from it, which auditLog is the path of.
	asked    *audit.Log
	auditLog string
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration tests:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "barq-integration-")
	if err != nil {
		return 1, err
	}
	defer func() {
		if code == 0 {
			_ = os.RemoveAll(folder)
			return
		}
		fmt.Fprintln(os.Stderr, "the logs of this run are in", folder)
	}()

	auditing, err := writeAuditPolicy(folder)
	if err != nil {
		return 1, err
	}
	control, err = startCluster(ctx, cluster.Options{
		Dir: filepath.Join(folder, "cluster"), Out: os.Stderr, Tools: []string{"helm"}, Audit: auditing,
	})
	if err != nil {
		return 1, err
	}
	auditLog = auditing.Log
	if asked, err = audit.Open(auditLog); err != nil {
		return 1, err
	}
	defer func() { _ = asked.Close() }()
	defer func() {
		if stopErr := control.Stop(); stopErr != nil && err == nil {
			code, err = 1, stopErr
		}
	}()
	adminKubeconfig = control.Kubeconfig()
	kubectlProgram = filepath.Join(control.BinDir(), "kubectl")
	helmProgram = filepath.Join(control.BinDir(), "helm")

	if err := connect(); err != nil {
		return 1, err
	}
	kubeconfig := filepath.Join(folder, "operator.kubeconfig")
	if err := install(ctx, kubeconfig); err != nil {
		return 1, err
	}
	program := filepath.Join(folder, "barq-operator")
	if err := operatorprocess.Build(ctx, root, program); err != nil {
		return 1, err
	}
	// Much is read from the caches without a copy. Every operator of these tests ends if any of that is written to.
	if err := os.Setenv("KUBE_CACHE_MUTATION_DETECTOR", "true"); err != nil {
		return 1, err
	}
	operator = &operatorprocess.Process{Program: program, Root: root, Kubeconfig: kubeconfig, Log: filepath.Join(folder, "operator.log")}
	if err := operator.Start(); err != nil {
		return 1, err
	}
	code = m.Run()
	operator.Stop()
	return code, operator.CheckLog()
}

// startCluster starts a cluster that collects garbage seldom: with the default the API server spends half of its time on that.
// The operator, whose memory is looked at, keeps the default.
func startCluster(ctx context.Context, options cluster.Options) (*cluster.Cluster, error) {
	const variable = "GOGC"
	if err := os.Setenv(variable, "400"); err != nil {
		return nil, err
	}
	defer func() { _ = os.Unsetenv(variable) }()
	return cluster.Start(ctx, options)
}

// install gives the API server what the operator needs there, and the operator its kubeconfig.
func install(ctx context.Context, kubeconfig string) error {
	if out, err := kubectl("apply", "-f", filepath.Join("testdata", "monitors.yaml")).CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl apply: %w\n%s", err, out)
	}
	kubernetes := operatorprocess.Kubernetes{Root: root, Admin: admin, Kubeconfig: adminKubeconfig, Kubectl: kubectlProgram}
	if err := kubernetes.Install(ctx); err != nil {
		return err
	}
	return kubernetes.WriteKubeconfig(ctx, operatorprocess.Account, kubeconfig)
}

// writeAuditPolicy lets the API server write down the operator's requests.
func writeAuditPolicy(folder string) (*cluster.Audit, error) {
	policy, err := audit.Policy(operatorUser)
	if err != nil {
		return nil, err
	}
	written := &cluster.Audit{Policy: filepath.Join(folder, "audit-policy.yaml"), Log: filepath.Join(folder, "audit.log")}
	return written, os.WriteFile(written.Policy, policy, 0o600)
}

// connect makes the admin's client.
func connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", adminKubeconfig)
	if err != nil {
		return err
	}
	// The tests ask more often than a person would.
	config.QPS, config.Burst = 200, 400
	scheme := clientgoscheme.Scheme
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	// The API server warns of more pods than one holds data for.
	config.WarningHandlerWithContext = rest.NoWarnings{}
	admin, err = client.NewWithWatch(config, client.Options{Scheme: scheme})
	return err
}

func kubectl(args ...string) *exec.Cmd {
	command := exec.Command(kubectlProgram, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+adminKubeconfig)
	return command
}

func helm(args ...string) *exec.Cmd {
	command := exec.Command(helmProgram, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+adminKubeconfig)
	return command
}
