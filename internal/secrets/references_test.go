package secrets_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/secrets"
)

func clusterOf(t *testing.T, spec string) *v1alpha1.BarqCluster {
	t.Helper()
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = "team", "vectors"
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &cluster.Spec))
	return cluster
}

func TestReferences(t *testing.T) {
	const warm, cold = "spec.tiering.warm.credentialsSecretRef", "spec.tiering.cold.credentialsSecretRef"
	const bucket, tls = "spec.tiering.warm.bucketSecretRef", "spec.tls.secretName"
	for name, test := range map[string]struct {
		spec string
		want []secrets.Reference
	}{
		"none": {spec: `{}`},
		"encryption": {
			spec: `tiering: {enabled: true, warm: {provider: gcs, bucket: b}, encryptionKeySecretRef: {name: keys, key: key.txt}}`,
			want: []secrets.Reference{
				{Field: "spec.tiering.encryptionKeySecretRef", Secret: "keys", Key: "key.txt", FilledFor: "spec.tiering.encryptionKeySecretRef"},
			},
		},
		"tiering off": {spec: `tiering: {enabled: false, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`},
		"s3": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: warm, Secret: "keys", Key: "AWS_ACCESS_KEY_ID", FilledFor: warm, Reread: true},
				{Field: warm, Secret: "keys", Key: "AWS_REGION", Optional: true, FilledFor: warm, Reread: true},
				{Field: warm, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY", FilledFor: warm, Reread: true},
				{Field: warm, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true, FilledFor: warm, Reread: true},
			},
		},
		"s3 that Barq DB is told of": {
			spec: `tiering: {enabled: true, managedBy: Server, warm: {provider: s3, bucket: b, region: r, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: warm, Secret: "keys", Key: "AWS_ACCESS_KEY_ID", FilledFor: warm},
				{Field: warm, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY", FilledFor: warm},
				{Field: warm, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true, FilledFor: warm},
			},
		},
		"workload identity on azure": {spec: `tiering: {enabled: true, warm: {provider: azure, bucket: b, storageAccount: abc}}`},
		"s3 with a region does not read the Secret's": {
			spec: `tiering: {enabled: true, cold: {provider: s3, bucket: b, region: r, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: cold, Secret: "keys", Key: "AWS_ACCESS_KEY_ID", FilledFor: cold, Reread: true},
				{Field: cold, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY", FilledFor: cold, Reread: true},
				{Field: cold, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true, FilledFor: cold, Reread: true},
			},
		},
		"s3 in both tiers with a region in one": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}, cold: {provider: s3, bucket: c, region: r, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: warm, Secret: "keys", Key: "AWS_ACCESS_KEY_ID", FilledFor: warm, Reread: true},
				{Field: warm, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY", FilledFor: warm, Reread: true},
				{Field: warm, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true, FilledFor: warm, Reread: true},
			},
		},
		"gcs and azure": {
			spec: `tiering: {enabled: true, warm: {provider: gcs, bucket: b, credentialsSecretRef: {name: g}}, cold: {provider: azure, bucket: b, credentialsSecretRef: {name: a}}}`,
			want: []secrets.Reference{
				{Field: cold, Secret: "a", Key: "AZURE_STORAGE_ACCESS_KEY", FilledFor: cold, Reread: true},
				{Field: cold, Secret: "a", Key: "AZURE_STORAGE_ACCOUNT", FilledFor: cold, Reread: true},
				{Field: warm, Secret: "g", Key: "GOOGLE_APPLICATION_CREDENTIALS_JSON", FilledFor: warm, Reread: true},
			},
		},
		"both tiers share a Secret": {
			spec: `tiering: {enabled: true, warm: {provider: gcs, bucket: b, credentialsSecretRef: {name: g}}, cold: {provider: gcs, bucket: c, credentialsSecretRef: {name: g}}}`,
			want: []secrets.Reference{{Field: warm, Secret: "g", Key: "GOOGLE_APPLICATION_CREDENTIALS_JSON", FilledFor: warm, Reread: true}},
		},
		"bucket without credentials": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucketSecretRef: {name: buckets, key: warm}}}`,
			want: []secrets.Reference{{Field: bucket, Secret: "buckets", Key: "warm", FilledFor: bucket}},
		},
		"tls": {
			spec: `tls: {secretName: certificate}`,
			want: []secrets.Reference{
				{Field: tls, Secret: "certificate", Key: "tls.crt", FilledFor: tls},
				{Field: tls, Secret: "certificate", Key: "tls.key", FilledFor: tls},
			},
		},
		"env and a tier share a key": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucket: b, region: r, credentialsSecretRef: {name: keys}}}
env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: AWS_SESSION_TOKEN}}}, {name: B, valueFrom: {secretKeyRef: {name: keys, key: AWS_ACCESS_KEY_ID, optional: true}}}]`,
			want: []secrets.Reference{
				{Field: warm, Secret: "keys", Key: "AWS_ACCESS_KEY_ID", FilledFor: warm},
				{Field: warm, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY", FilledFor: warm, Reread: true},
				{Field: "spec.env[A].valueFrom.secretKeyRef", Secret: "keys", Key: "AWS_SESSION_TOKEN", FilledFor: warm},
			},
		},
		"env, required wins over optional": {
			spec: `env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: C, value: plain}]`,
			want: []secrets.Reference{{Field: "spec.env[B].valueFrom.secretKeyRef", Secret: "s", Key: "k"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, secrets.References(clusterOf(t, test.spec)))
		})
	}
}

func TestNamesAreUnique(t *testing.T) {
	cluster := clusterOf(t, `tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`)
	cluster.Spec.Env = []v1alpha1.EnvVar{{Name: "X", ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "extra"}, Key: "k"},
	}}}
	require.Equal(t, []string{"extra", "keys"}, secrets.Names(cluster))
}

func TestStoreReferences(t *testing.T) {
	const keys, bucket, ca = "spec.credentialsSecretRef", "spec.bucketSecretRef", "spec.caSecretRef"
	store := &v1alpha1.BarqBackupStore{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(
		`{provider: s3, bucketSecretRef: {name: where, key: bucket}, caSecretRef: {name: authority, key: root.pem}, credentialsSecretRef: {name: keys}}`), &store.Spec))
	require.Equal(t, []secrets.Reference{
		{Field: ca, Secret: "authority", Key: "root.pem", FilledFor: ca},
		{Field: keys, Secret: "keys", Key: "AWS_ACCESS_KEY_ID", FilledFor: keys},
		{Field: keys, Secret: "keys", Key: "AWS_REGION", Optional: true, FilledFor: keys},
		{Field: keys, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY", FilledFor: keys},
		{Field: keys, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true, FilledFor: keys},
		{Field: bucket, Secret: "where", Key: "bucket", FilledFor: bucket},
	}, secrets.StoreReferences(store))
	store.Spec = v1alpha1.BarqBackupStoreSpec{Provider: v1alpha1.ProviderAzure, Bucket: "b", StorageAccount: "account"}
	require.Empty(t, secrets.StoreReferences(store))
}
