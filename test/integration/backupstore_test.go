package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

func storeOf(t *testing.T, namespace, name, spec string) *v1alpha1.BarqBackupStore {
	t.Helper()
	store := &v1alpha1.BarqBackupStore{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &store.Spec))
	return store
}

// waitStore waits until the condition Ready has a reason.
func waitStore(t *testing.T, store *v1alpha1.BarqBackupStore, reason string) *metav1.Condition {
	t.Helper()
	var ready *metav1.Condition
	eventually(t, func() string {
		require.NoError(t, admin.Get(t.Context(), client.ObjectKeyFromObject(store), store))
		ready = meta.FindStatusCondition(store.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != reason {
			return "the store is not " + reason
		}
		return ""
	})
	return ready
}

// The API server refuses what cannot work, and says what to write instead.
func TestRefusedBackupStores(t *testing.T) {
	namespace := newNamespace(t)
	for spec, want := range map[string]string{
		`{provider: s3}`: `spec: Invalid value: needs exactly one of bucket and bucketSecretRef; write one and remove the other`,
		`{provider: s3, bucket: b, bucketSecretRef: {name: a, key: b}}`: `spec: Invalid value: needs exactly one of bucket and bucketSecretRef; write one and remove the other`,
		`{provider: ftp, bucket: b}`:                                    `spec.provider: Unsupported value: "ftp": supported values: "s3", "gcs", "azure"`,
		`{provider: s3, bucket: "s3://b"}`:                              `spec.bucket: Invalid value: "s3://b": must be a bucket's name only; write for instance my-bucket, without a scheme or a path`,
		`{provider: s3, bucket: b, prefix: a/}`:                         `spec.prefix: Invalid value: "a/": must be names with a slash between them, of letters, digits and . _ - = + and without a dot at either end; write for instance backups/search`,
		`{provider: azure, bucket: b}`: `spec: Invalid value: azure needs exactly one of credentialsSecretRef and storageAccount. Name a Secret with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY, ` +
			`or write the storage account and use workload identity`,
		`{provider: gcs, bucket: b, region: a}`:                                        `spec.region: Invalid value: is for provider s3 only; remove it`,
		`{provider: gcs, bucket: b, forcePathStyle: true}`:                             `spec.forcePathStyle: Invalid value: is for provider s3 only; remove it`,
		`{provider: gcs, bucket: b, storageAccount: account}`:                          `spec.storageAccount: Invalid value: is for provider azure only; remove it`,
		`{provider: gcs, bucket: b, serverSideEncryption: {type: AES256}}`:             `spec.serverSideEncryption: Invalid value: is for provider s3 only; remove it, and set the encryption of the bucket itself`,
		`{provider: s3, bucket: b, serverSideEncryption: {type: AES256, kmsKeyID: a}}`: `spec.serverSideEncryption.kmsKeyID: Invalid value: is for type KMS only; remove it, or write type: KMS`,
		`{provider: s3, bucket: b, endpoint: objects}`:                                 `spec.endpoint: Invalid value: "objects": must be a URL; write for instance https://objects.example.com`,
		`{provider: s3, bucket: b, serviceAccountName: A}`: `spec.serviceAccountName: Invalid value: "A": must be the name of an object: lower-case letters, digits, '-' and '.', ` +
			`with a letter or digit at both ends and beside each '.'`,
	} {
		requireCauses(t, []string{want}, admin.Create(t.Context(), storeOf(t, namespace, "refused", spec), client.DryRunAll), spec)
	}
	store := storeOf(t, namespace, "fixed", `{provider: s3, bucket: b, prefix: a}`)
	require.NoError(t, admin.Create(t.Context(), store))
	for patch, want := range map[string]string{
		`{"spec": {"provider": "gcs"}}`: "cannot change; put the old value back, or create a new BarqBackupStore",
		`{"spec": {"prefix": "b"}}`:     "cannot change, because what was stored stays below the former one; put the old value back, or create a new BarqBackupStore",
		`{"spec": {"prefix": null}}`:    "cannot change, because what was stored stays below the former one; put the old value back, or create a new BarqBackupStore",
	} {
		require.Contains(t, refused(t, kubectl("-n", namespace, "patch", "bbs", "fixed", "--type=merge", "-p", patch)), want)
	}
}
