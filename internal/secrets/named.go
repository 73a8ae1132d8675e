package secrets

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups=scheduling.k8s.io,resources=priorityclasses,verbs=get

// accounts lists the accounts that the spec names and the operator does not create.
func accounts(cluster *v1alpha1.BarqCluster) []string {
	if spec := &cluster.Spec.ServiceAccount; !ptr.Deref(spec.Create, true) && spec.Name != "" {
		return []string{spec.Name}
	}
	return nil
}

// missing returns messages about objects that the spec names for the pods and that do not exist. The
// API server creates no pod without them. unwatched reports whether the operator does not watch one of
// them.
func (r *Resolver) missing(ctx context.Context, cluster *v1alpha1.BarqCluster) (problems []string, unwatched bool, err error) {
	for _, name := range accounts(cluster) {
		there, err := r.hasAccount(ctx, types.NamespacedName{Namespace: cluster.Namespace, Name: name})
		if err != nil {
			return nil, false, fmt.Errorf("reading ServiceAccount %q: %w", name, err)
		}
		if !there {
			problems = append(problems, fmt.Sprintf("ServiceAccount %q, which spec.serviceAccount.name names, does not exist; "+
				"create it, or remove create: false", name))
		}
	}
	if name := cluster.Spec.PriorityClassName; name != "" {
		there, err := r.hasClass(ctx, name)
		if err != nil {
			return nil, false, fmt.Errorf("reading PriorityClass %q: %w", name, err)
		}
		if !there {
			unwatched = true
			problems = append(problems, fmt.Sprintf("PriorityClass %q, which spec.priorityClassName names, does not exist; "+
				"create it, or name one that does", name))
		}
	}
	return problems, unwatched, nil
}

// hasAccount reports whether an account exists. Like for a Secret, it asks the API server if the watch
// has none.
func (r *Resolver) hasAccount(ctx context.Context, name types.NamespacedName) (bool, error) {
	if r.Accounts == nil || r.Accounts.Version(name) != "" {
		return true, nil
	}
	err := r.contents.Get(ctx, name, &corev1.ServiceAccount{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// hasClass reports whether a PriorityClass exists. It does not ask again for a class that it has
// found: classes are seldom deleted, and the API server says so when it refuses a pod. An operator
// that may not read classes, for example because it is limited to namespaces, takes all for granted.
func (r *Resolver) hasClass(ctx context.Context, name string) (bool, error) {
	if _, known := r.classes.Get(name); known {
		return true, nil
	}
	class := &metav1.PartialObjectMetadata{}
	class.SetGroupVersionKind(schedulingv1.SchemeGroupVersion.WithKind("PriorityClass"))
	switch err := r.contents.Get(ctx, types.NamespacedName{Name: name}, class); {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil && !apierrors.IsForbidden(err):
		return false, err
	}
	r.classes.Add(name, true)
	return true, nil
}
