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
	for name, test := range map[string]struct {
		spec string
		want []secrets.Reference
	}{
		"none":        {spec: `{}`},
		"tiering off": {spec: `tiering: {enabled: false, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`},
		"s3": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: warm, Secret: "keys", Key: "AWS_ACCESS_KEY_ID"},
				{Field: warm, Secret: "keys", Key: "AWS_REGION", Optional: true},
				{Field: warm, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY"},
				{Field: warm, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true},
			},
		},
		"s3 with a region does not read the Secret's": {
			spec: `tiering: {enabled: true, cold: {provider: s3, bucket: b, region: r, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: cold, Secret: "keys", Key: "AWS_ACCESS_KEY_ID"},
				{Field: cold, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY"},
				{Field: cold, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true},
			},
		},
		"s3 in both tiers with a region in one": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}, cold: {provider: s3, bucket: c, region: r, credentialsSecretRef: {name: keys}}}`,
			want: []secrets.Reference{
				{Field: warm, Secret: "keys", Key: "AWS_ACCESS_KEY_ID"},
				{Field: warm, Secret: "keys", Key: "AWS_SECRET_ACCESS_KEY"},
				{Field: warm, Secret: "keys", Key: "AWS_SESSION_TOKEN", Optional: true},
			},
		},
		"gcs and azure": {
			spec: `tiering: {enabled: true, warm: {provider: gcs, bucket: b, credentialsSecretRef: {name: g}}, cold: {provider: azure, bucket: b, credentialsSecretRef: {name: a}}}`,
			want: []secrets.Reference{
				{Field: cold, Secret: "a", Key: "AZURE_STORAGE_ACCESS_KEY"},
				{Field: cold, Secret: "a", Key: "AZURE_STORAGE_ACCOUNT"},
				{Field: warm, Secret: "g", Key: "GOOGLE_APPLICATION_CREDENTIALS_JSON"},
			},
		},
		"both tiers share a Secret": {
			spec: `tiering: {enabled: true, warm: {provider: gcs, bucket: b, credentialsSecretRef: {name: g}}, cold: {provider: gcs, bucket: c, credentialsSecretRef: {name: g}}}`,
			want: []secrets.Reference{{Field: warm, Secret: "g", Key: "GOOGLE_APPLICATION_CREDENTIALS_JSON"}},
		},
		"bucket without credentials": {
			spec: `tiering: {enabled: true, warm: {provider: s3, bucketSecretRef: {name: buckets, key: warm}}}`,
			want: []secrets.Reference{{Field: "spec.tiering.warm.bucketSecretRef", Secret: "buckets", Key: "warm"}},
		},
		"tls": {
			spec: `tls: {secretName: certificate}`,
			want: []secrets.Reference{
				{Field: "spec.tls.secretName", Secret: "certificate", Key: "tls.crt"},
				{Field: "spec.tls.secretName", Secret: "certificate", Key: "tls.key"},
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
