package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/audit"
	"github.com/barq-db/barq-operator/test/cluster"
)

// root is the top of the repository.
const root = "../.."

// operatorNamespace is where config/default puts the operator.
const operatorNamespace = "barq-system"

// operatorUser is who the operator is to the API server.
const operatorUser = "system:serviceaccount:" + operatorNamespace + ":barq-operator"

// What every test shares.
var (
	// admin may do everything, and reads from the API server itself.
	admin client.WithWatch
	// adminKubeconfig is the same for programs.
	adminKubeconfig string
	// kubectlProgram and helmProgram are what a person would type.
	kubectlProgram, helmProgram string
	// operator is the process under test.
	operator *operatorProcess
	// asked has every request that the API server got from it.
	asked *audit.Log
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
	control, err := cluster.Start(ctx, cluster.Options{
		Dir: filepath.Join(folder, "cluster"), Out: os.Stderr, Tools: []string{"helm"}, Audit: auditing,
	})
	if err != nil {
		return 1, err
	}
	if asked, err = audit.Open(auditing.Log); err != nil {
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
	if err := installKinds(ctx); err != nil {
		return 1, err
	}
	program := filepath.Join(folder, "barq-operator")
	if out, err := exec.Command("go", "build", "-o", program, root+"/cmd/barq-operator").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the operator: %w\n%s", err, out)
	}
	kubeconfig := filepath.Join(folder, "operator.kubeconfig")
	if err := writeServiceAccountKubeconfig(ctx, kubeconfig); err != nil {
		return 1, err
	}
	operator = &operatorProcess{program: program, kubeconfig: kubeconfig, log: filepath.Join(folder, "operator.log")}
	if err := operator.start(); err != nil {
		return 1, err
	}
	code = m.Run()
	operator.stop()
	return code, operator.checkLog()
}

// installKinds gives the API server what the operator needs there.
func installKinds(ctx context.Context) error {
	if out, err := kubectl("apply", "-f", filepath.Join("testdata", "monitors.yaml")).CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl apply: %w\n%s", err, out)
	}
	for _, folder := range []string{"config/crd", "config/admission", "config/rbac"} {
		if folder == "config/rbac" {
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}}
			if err := admin.Create(ctx, namespace); err != nil {
				return err
			}
		}
		if out, err := kubectl("apply", "-k", filepath.Join(root, folder)).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl apply -k %s: %w\n%s", folder, err, out)
		}
	}
	return nil
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

// writeServiceAccountKubeconfig lets the operator work with exactly the
// permissions that it is shipped with.
func writeServiceAccountKubeconfig(ctx context.Context, path string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "barq-operator"}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To(int64((24 * time.Hour).Seconds())),
	}}
	if err := admin.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("making a token for the operator's account: %w", err)
	}
	config, err := clientcmd.LoadFromFile(adminKubeconfig)
	if err != nil {
		return err
	}
	const user = "operator"
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{user: {Token: request.Status.Token}}
	config.Contexts[config.CurrentContext].AuthInfo = user
	return clientcmd.WriteToFile(*config, path)
}
