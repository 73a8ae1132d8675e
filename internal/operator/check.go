package operator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	helmmanager "github.com/operator-framework/helm-operator-plugins/pkg/manager"
	"github.com/spf13/cobra"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// betweenLooks is how long the check waits before it looks again. A leader renews its
// Lease every two seconds.
const betweenLooks = 500 * time.Millisecond

// newCheckCommand returns the command check, which `helm test` runs with the operator's ServiceAccount.
func newCheckCommand() *cobra.Command {
	var namespace string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "check",
		Short: "Says whether an operator is at work, and whether this account can list BarqClusters",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if namespace == "" {
				return errors.New("--leader-election-namespace is empty, and so is POD_NAMESPACE; name the namespace of the operator")
			}
			config, err := ctrl.GetConfig()
			if err != nil {
				return fmt.Errorf("finding the API server: %w", err)
			}
			scheme := runtime.NewScheme()
			for _, add := range []func(*runtime.Scheme) error{coordinationv1.AddToScheme, v1alpha1.AddToScheme} {
				if err := add(scheme); err != nil {
					return fmt.Errorf("registering types: %w", err)
				}
			}
			reader, err := client.New(config, client.Options{Scheme: scheme})
			if err != nil {
				return fmt.Errorf("connecting to the API server: %w", err)
			}
			leader, err := awaitRenewal(command.Context(), reader, namespace, timeout)
			if err != nil {
				return err
			}
			command.Printf("operator %s renews the Lease %s/%s\n", leader, namespace, leaderElectionID)
			for _, watched := range strings.Split(os.Getenv(helmmanager.WatchNamespaceEnvVar), ",") {
				if err := reader.List(command.Context(), &v1alpha1.BarqClusterList{}, client.InNamespace(watched), client.Limit(1)); err != nil {
					return fmt.Errorf("listing the BarqClusters of %s: %w", orAll(watched), err)
				}
				command.Printf("the BarqClusters of %s can be listed\n", orAll(watched))
			}
			return nil
		},
	}
	command.Flags().StringVar(&namespace, "leader-election-namespace", os.Getenv("POD_NAMESPACE"), "namespace of the Lease (default the one in the variable POD_NAMESPACE)")
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for an operator")
	return command
}

// awaitRenewal waits until a leader renews its Lease, and returns the leader's name. It compares two reads of the Lease
// instead of the time, because clocks of nodes differ.
func awaitRenewal(ctx context.Context, reader client.Reader, namespace string, timeout time.Duration) (leader string, err error) {
	var first *metav1.MicroTime
	var problem error
	err = wait.PollUntilContextTimeout(ctx, betweenLooks, timeout, true, func(ctx context.Context) (bool, error) {
		lease := &coordinationv1.Lease{}
		if err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: leaderElectionID}, lease); err != nil {
			problem = fmt.Errorf("reading the Lease %s/%s, which an operator holds: %w", namespace, leaderElectionID, err)
			return false, nil
		}
		leader = ptr.Deref(lease.Spec.HolderIdentity, "")
		switch {
		case leader == "":
			problem = fmt.Errorf("no operator holds the Lease %s/%s, so none is at work", namespace, leaderElectionID)
		case first == nil:
			first = ptr.To(ptr.Deref(lease.Spec.RenewTime, metav1.MicroTime{}))
			problem = fmt.Errorf("operator %s holds the Lease %s/%s and does not renew it", leader, namespace, leaderElectionID)
		case lease.Spec.RenewTime != nil && !lease.Spec.RenewTime.Equal(first):
			return true, nil
		}
		return false, nil
	})
	if wait.Interrupted(err) && problem != nil {
		return "", fmt.Errorf("after %s: %w", timeout, problem)
	}
	return leader, err
}

// orAll returns the text for a namespace, or for all of them if it is empty.
func orAll(namespace string) string {
	if namespace == "" {
		return "all namespaces"
	}
	return "namespace " + namespace
}
