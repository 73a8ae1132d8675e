package database

import (
	"context"
	"errors"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/database"
	"github.com/barq-db/barq-operator/internal/ownership"
)

// Annotations of the Secret, by which its metadata tell whether it is due to be renewed.
const (
	authorityAnnotation = "barq.db/agent-authority"
	renewAnnotation     = "barq.db/agent-renew-after"
)

// certify makes the Secret with the certificates of the agents, or renews it.
func (r *Reconciler) certify(ctx context.Context, cluster *v1alpha1.BarqCluster) error {
	name := types.NamespacedName{Namespace: cluster.Namespace, Name: database.SecretName(cluster.Name)}
	now := r.Clock.Now()
	stored, err := metadataOf(ctx, r.Client, name)
	switch {
	case apierrors.IsNotFound(err):
		return r.create(ctx, cluster, name, now)
	case err != nil:
		return err
	case !metav1.IsControlledBy(stored, cluster):
		return errTaken
	case r.isCurrent(cluster, stored, now):
		return nil
	}
	secret, err := r.secret(cluster, name, now)
	if err != nil {
		return err
	}
	secret.ResourceVersion = stored.ResourceVersion
	return r.Client.Update(ctx, secret)
}

func (r *Reconciler) create(ctx context.Context, cluster *v1alpha1.BarqCluster, name types.NamespacedName, now time.Time) error {
	secret, err := r.secret(cluster, name, now)
	if err != nil {
		return err
	}
	err = r.Client.Create(ctx, secret)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	// Either the cache lags behind, or the Secret belongs to another.
	stored, err := metadataOf(ctx, r.Live, name)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(stored, cluster) {
		return errTaken
	}
	return nil
}

// metadataOf reads the metadata of a Secret. A cache has nothing else of it.
func metadataOf(ctx context.Context, reader client.Reader, name types.NamespacedName) (*metav1.PartialObjectMetadata, error) {
	stored := &metav1.PartialObjectMetadata{}
	stored.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return stored, reader.Get(ctx, name, stored)
}

// errTaken is a Secret that belongs to another.
var errTaken = errors.New("a Secret of that name is there and does not belong to the BarqCluster. Copy what you need of it, and delete it")

// isRefusal reports whether the same request would fail again until a person acts.
func isRefusal(err error) bool {
	return errors.Is(err, errTaken) || apierrors.IsForbidden(err) || apierrors.IsInvalid(err)
}

// isCurrent reports whether a Secret is of this authority, has the inherited metadata, and is not yet due.
func (r *Reconciler) isCurrent(cluster *v1alpha1.BarqCluster, stored metav1.Object, now time.Time) bool {
	has := stored.GetAnnotations()
	due, err := time.Parse(time.RFC3339, has[renewAnnotation])
	if err != nil || !now.Before(due) || has[authorityAnnotation] != r.Authority.Fingerprint() {
		return false
	}
	labels, annotations := cluster.Spec.InheritedMetadata.Texts()
	return contains(stored.GetLabels(), labels) && contains(has, annotations)
}

func contains(all, some map[string]string) bool {
	for key, value := range some {
		if found, ok := all[key]; !ok || found != value {
			return false
		}
	}
	return true
}

// secret returns the Secret with new certificates.
func (r *Reconciler) secret(cluster *v1alpha1.BarqCluster, name types.NamespacedName, now time.Time) (*corev1.Secret, error) {
	material, err := r.Authority.Agent(cluster.UID, now)
	if err != nil {
		return nil, err
	}
	labels, annotations := cluster.Spec.InheritedMetadata.Texts()
	maps.Copy(labels, ownership.Labels(cluster))
	annotations[authorityAnnotation] = r.Authority.Fingerprint()
	annotations[renewAnnotation] = material.Renew.UTC().Format(time.RFC3339)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: name.Namespace, Name: name.Name, Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cluster, clusters.Object().GroupVersionKind())},
		},
		Type: corev1.SecretTypeTLS, Data: material.Data,
	}, nil
}
