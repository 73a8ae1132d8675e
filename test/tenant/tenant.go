package tenant

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/access"
	"github.com/barq-db/barq-operator/test/forgery"
)

// editorRole is the role of config/rbac for those who make BarqClusters.
const editorRole = "barq-operator-barqcluster-editor"

// Tenant is a user with the operator's editor role and all verbs on Secrets, in one namespace.
type Tenant struct {
	Namespace, User string
	// Client works with the tenant's permissions.
	Client client.WithWatch
}

// New gives the user these permissions in a namespace that exists, which gets the strictest pod security standard.
func New(ctx context.Context, admin client.Client, config *rest.Config, namespace, user string) (*Tenant, error) {
	labelled := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	const restricted = `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
	if err := admin.Patch(ctx, labelled, client.RawPatch(types.MergePatchType, []byte(restricted))); err != nil {
		return nil, err
	}
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}}
	role := func(kind, name string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
	}
	for _, object := range []client.Object{
		&rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tenant-secrets"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"*"}}},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tenant-secrets"}, RoleRef: role("Role", "tenant-secrets"), Subjects: subjects,
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "tenant-barqclusters"}, RoleRef: role("ClusterRole", editorRole), Subjects: subjects,
		},
	} {
		if err := admin.Create(ctx, object); err != nil {
			return nil, err
		}
	}
	may := func(group, resource string) authorizationv1.SubjectAccessReviewSpec {
		return authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: "create", Group: group, Resource: resource,
		}}
	}
	if err := access.Await(ctx, admin, may("", "secrets"), may(v1alpha1.GroupVersion.Group, "barqclusters")); err != nil {
		return nil, err
	}
	as := rest.CopyConfig(config)
	as.QPS = -1
	as.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:authenticated"}}
	made, err := client.NewWithWatch(as, client.Options{Scheme: admin.Scheme()})
	if err != nil {
		return nil, err
	}
	return &Tenant{Namespace: namespace, User: user, Client: made}, nil
}

// Record gives the Secret of the newest revision of a release; nil if there is none.
func (t *Tenant) Record(ctx context.Context, release string) (*corev1.Secret, error) {
	var list corev1.SecretList
	if err := t.Client.List(ctx, &list, client.InNamespace(t.Namespace), client.MatchingLabels{"owner": "helm", "name": release}); err != nil {
		return nil, err
	}
	var newest *corev1.Secret
	highest := int64(-1)
	for i := range list.Items {
		number, err := strconv.ParseInt(list.Items[i].Labels["version"], 10, 64)
		if err == nil && number > highest {
			newest, highest = &list.Items[i], number
		}
	}
	return newest, nil
}

// Store stores a Secret, over the one of the same name if there is one.
func (t *Tenant) Store(ctx context.Context, secret *corev1.Secret) error {
	secret = secret.DeepCopy()
	secret.Namespace, secret.ResourceVersion, secret.UID = t.Namespace, "", ""
	err := t.Client.Create(ctx, secret)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	secret.ResourceVersion = ""
	err = t.Client.Update(ctx, secret)
	if apierrors.IsNotFound(err) {
		return t.Store(ctx, secret)
	}
	return err
}

// Forge changes the newest record of a release, and stores it.
func (t *Tenant) Forge(ctx context.Context, release string, edits ...forgery.Edit) error {
	stored, err := t.Record(ctx, release)
	if err != nil {
		return err
	}
	if stored == nil {
		return fmt.Errorf("the release %s has no record", release)
	}
	forged, err := forgery.Forge(stored, edits...)
	if err != nil {
		return err
	}
	return t.Store(ctx, forged)
}

// Patch merges a patch, in JSON, into a BarqCluster.
func (t *Tenant) Patch(ctx context.Context, name, patch string) error {
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: name}}
	return t.Client.Patch(ctx, cluster, client.RawPatch(types.MergePatchType, []byte(patch)))
}

// RemoveRecords deletes all Secrets in which releases are stored.
func (t *Tenant) RemoveRecords(ctx context.Context) error {
	var list corev1.SecretList
	if err := t.Client.List(ctx, &list, client.InNamespace(t.Namespace)); err != nil {
		return err
	}
	for i := range list.Items {
		if secret := &list.Items[i]; secret.Type == forgery.SecretType || strings.HasPrefix(secret.Name, "sh.helm.release.v1.") {
			if err := client.IgnoreNotFound(t.Client.Delete(ctx, secret)); err != nil {
				return err
			}
		}
	}
	return nil
}
