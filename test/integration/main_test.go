package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/cluster"
	"github.com/barq-db/barq-operator/test/operatorprocess"
	"github.com/barq-db/barq-operator/test/testbed"
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

	bed, err := testbed.Start(ctx, testbed.Options{
		Root: root, Folder: folder, Out: os.Stderr, Tools: []string{"helm"}, Audited: []string{operatorUser},
		Manifests: []string{filepath.Join("testdata", "monitors.yaml")}, Environment: []string{collectSeldom},
	})
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := bed.Control.Stop(); stopErr != nil && err == nil {
			code, err = 1, stopErr
		}
	}()
	control, admin, auditLog = bed.Control, bed.Admin, bed.AuditLog
	shared.Client = admin
	if asked, err = audit.Open(auditLog); err != nil {
		return 1, err
	}
	defer func() { _ = asked.Close() }()
	adminKubeconfig = control.Kubeconfig()
	kubectlProgram = bed.Kubernetes.Kubectl
	helmProgram = filepath.Join(control.BinDir(), "helm")
	if operator, err = bed.Operator(ctx); err != nil {
		return 1, err
	}
	// Much is read from the caches without a copy. Every operator of these tests ends if any of that is written to.
	if err := os.Setenv("KUBE_CACHE_MUTATION_DETECTOR", "true"); err != nil {
		return 1, err
	}
	if err := operator.Start(); err != nil {
		return 1, err
	}
	code = m.Run()
	operator.Stop()
	return code, operator.CheckLog()
}

// collectSeldom lets the processes of a cluster collect garbage seldom: with the default the API server spends half of its time on
// that. The operator, whose memory is looked at, keeps the default.
const collectSeldom = "GOGC=400"

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
