package operatorprocess

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// Namespace is where config/default puts the operator.
	Namespace = "barq-system"
	// Account is the operator's service account there.
	Account = "barq-operator"
	// tokenLifetime is longer than any run.
	tokenLifetime = 48 * time.Hour
)

// User is how the API server calls an account of Namespace.
func User(account string) string { return "system:serviceaccount:" + Namespace + ":" + account }

// Kubernetes is the cluster that the operator is to work on.
type Kubernetes struct {
	// Root is the top of the repository.
	Root string
	// Admin may do everything, and Kubeconfig lets a program do the same.
	Admin      client.Client
	Kubeconfig string
	// Kubectl is the path of that program.
	Kubectl string
}

// Install makes Namespace, the kind, its admission rules and the operator's permissions.
func (k Kubernetes) Install(ctx context.Context) error {
	if err := k.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}}); err != nil {
		return err
	}
	for _, folder := range []string{"config/crd", "config/admission", "config/rbac"} {
		command := exec.CommandContext(ctx, k.Kubectl, "--kubeconfig", k.Kubeconfig, "apply", "--kustomize", filepath.Join(k.Root, folder))
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl apply --kustomize %s: %w\n%s", folder, err, out)
		}
	}
	return nil
}

// WriteKubeconfig lets a program work with the permissions of an account of Namespace.
func (k Kubernetes) WriteKubeconfig(ctx context.Context, account, file string) error {
	token, err := k.Token(ctx, account)
	if err != nil {
		return err
	}
	config, err := clientcmd.LoadFromFile(k.Kubeconfig)
	if err != nil {
		return err
	}
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{account: {Token: token}}
	config.Contexts[config.CurrentContext].AuthInfo = account
	return clientcmd.WriteToFile(*config, file)
}

// Token is one of an account of Namespace.
func (k Kubernetes) Token(ctx context.Context, account string) (string, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To(int64(tokenLifetime.Seconds())),
	}}
	of := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: account}}
	if err := k.Admin.SubResource("token").Create(ctx, of, request); err != nil {
		return "", fmt.Errorf("make a token for the account %s: %w", account, err)
	}
	return request.Status.Token, nil
}
