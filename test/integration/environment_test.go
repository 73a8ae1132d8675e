package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func variable(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func fromSecret(name, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
}

// credential is a variable that is named like its key.
func credential(name, secret string) corev1.EnvVar { return fromSecret(name, secret, name) }

func optional(name, secret string) corev1.EnvVar {
	found := credential(name, secret)
	found.ValueFrom.SecretKeyRef.Optional = ptr.To(true)
	return found
}

// always are the variables of every database whose pods share a primary.
func always(more ...corev1.EnvVar) []corev1.EnvVar { return logging("info", more...) }

// logging is always with another log level.
func logging(level string, more ...corev1.EnvVar) []corev1.EnvVar {
	return append([]corev1.EnvVar{
		variable("BARQ_ADDR", "0.0.0.0:8080"),
		variable("BARQ_STORAGE_DIR", "/data"),
		variable("RUST_LOG", level),
		{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
		variable("BARQ_CLUSTER_CONFIG", "/etc/barq-db/cluster/$(POD_NAME).json"),
	}, more...)
}

// tiered are the variables of a database with tiers.
func tiered(more ...corev1.EnvVar) []corev1.EnvVar {
	return append(always(variable("BARQ_TIERING_ENABLED", "true")), more...)
}

// The whole environment is compared, as the API server gives it back: a variable
// too many is as wrong as one too few.
func TestTheWholeEnvironment(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	newSecret(t, namespace, "aws", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	newSecret(t, namespace, "google", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": "{}"})
	newSecret(t, namespace, "azure", map[string]string{"AZURE_STORAGE_ACCOUNT": "account", "AZURE_STORAGE_ACCESS_KEY": "key"})
	newSecret(t, namespace, "buckets", map[string]string{"warm": "hidden-warm", "cold": "hidden-cold"})

	for name, test := range map[string]struct {
		spec string
		want []corev1.EnvVar
	}{
		"plain":     {`{}`, always()},
		"log-level": {`logLevel: "warn,barq_api=debug"`, logging("warn,barq_api=debug")},
		"independent": {
			`topology: {mode: Independent}`,
			[]corev1.EnvVar{variable("BARQ_ADDR", "0.0.0.0:8080"), variable("BARQ_STORAGE_DIR", "/data"), variable("RUST_LOG", "info")},
		},
		"tiering-off": {
			`tiering: {enabled: false, warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: absent}}}`,
			always(),
		},
		"extra": {
			`env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://otel:4317"}, {name: TOKEN, valueFrom: {secretKeyRef: {name: aws, key: AWS_ACCESS_KEY_ID}}}]`,
			always(variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4317"), fromSecret("TOKEN", "aws", "AWS_ACCESS_KEY_ID")),
		},
		"s3-warm": {
			`tiering: {enabled: true, warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: aws}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "s3"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_S3_BUCKET", "warm"),
				credential("AWS_ACCESS_KEY_ID", "aws"), credential("AWS_SECRET_ACCESS_KEY", "aws"),
				optional("AWS_SESSION_TOKEN", "aws"), optional("AWS_REGION", "aws"),
			),
		},
		"s3-cold-with-region-and-endpoint": {
			`tiering: {enabled: true, cold: {provider: s3, bucket: cold, region: eu-central-1, endpoint: "https://objects.example.com", credentialsSecretRef: {name: aws}}}`,
			tiered(
				variable("BARQ_COLD_TIER_PROVIDER", "s3"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_S3_BUCKET", "cold"),
				credential("AWS_ACCESS_KEY_ID", "aws"), credential("AWS_SECRET_ACCESS_KEY", "aws"),
				optional("AWS_SESSION_TOKEN", "aws"),
				variable("AWS_REGION", "eu-central-1"), variable("AWS_ENDPOINT_URL_S3", "https://objects.example.com"),
			),
		},
		"s3-both": {
			`tiering: {enabled: true, warm: {provider: s3, bucket: warm, region: us-east-1, credentialsSecretRef: {name: aws}}, cold: {provider: s3, bucket: cold, credentialsSecretRef: {name: aws}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "s3"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "s3"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_S3_BUCKET", "warm"),
				credential("AWS_ACCESS_KEY_ID", "aws"), credential("AWS_SECRET_ACCESS_KEY", "aws"),
				optional("AWS_SESSION_TOKEN", "aws"), variable("AWS_REGION", "us-east-1"),
			),
		},
		"s3-workload-identity": {
			`tiering: {enabled: true, warm: {provider: s3, bucket: warm, region: us-east-1}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "s3"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_S3_BUCKET", "warm"), variable("AWS_REGION", "us-east-1"),
			),
		},
		"gcs-warm": {
			`tiering: {enabled: true, warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: google}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "gcs"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_GCS_BUCKET", "warm"), credential("GOOGLE_APPLICATION_CREDENTIALS_JSON", "google"),
			),
		},
		"gcs-cold-workload-identity": {
			`tiering: {enabled: true, cold: {provider: gcs, bucket: cold}}`,
			tiered(
				variable("BARQ_COLD_TIER_PROVIDER", "gcs"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_GCS_BUCKET", "cold"),
			),
		},
		"gcs-both": {
			`tiering: {enabled: true, warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: google}}, cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: google}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "gcs"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "gcs"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_GCS_BUCKET", "warm"), credential("GOOGLE_APPLICATION_CREDENTIALS_JSON", "google"),
			),
		},
		"azure-warm": {
			`tiering: {enabled: true, warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "azure"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				credential("AZURE_STORAGE_ACCOUNT", "azure"), credential("AZURE_STORAGE_ACCESS_KEY", "azure"),
			),
		},
		"azure-cold": {
			`tiering: {enabled: true, cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}}`,
			tiered(
				variable("BARQ_COLD_TIER_PROVIDER", "azure"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				credential("AZURE_STORAGE_ACCOUNT", "azure"), credential("AZURE_STORAGE_ACCESS_KEY", "azure"),
			),
		},
		"azure-both": {
			`tiering: {enabled: true, warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}, cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "azure"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "azure"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				credential("AZURE_STORAGE_ACCOUNT", "azure"), credential("AZURE_STORAGE_ACCESS_KEY", "azure"),
			),
		},
		"s3-and-gcs": {
			`tiering: {enabled: true, warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: aws}}, cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: google}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "s3"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "gcs"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_S3_BUCKET", "warm"), variable("BARQ_GCS_BUCKET", "cold"),
				credential("AWS_ACCESS_KEY_ID", "aws"), credential("AWS_SECRET_ACCESS_KEY", "aws"),
				optional("AWS_SESSION_TOKEN", "aws"), optional("AWS_REGION", "aws"),
				credential("GOOGLE_APPLICATION_CREDENTIALS_JSON", "google"),
			),
		},
		"azure-and-s3": {
			`tiering: {enabled: true, warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}, cold: {provider: s3, bucket: cold, credentialsSecretRef: {name: aws}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "azure"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "s3"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_S3_BUCKET", "cold"),
				credential("AWS_ACCESS_KEY_ID", "aws"), credential("AWS_SECRET_ACCESS_KEY", "aws"),
				optional("AWS_SESSION_TOKEN", "aws"), optional("AWS_REGION", "aws"),
				credential("AZURE_STORAGE_ACCOUNT", "azure"), credential("AZURE_STORAGE_ACCESS_KEY", "azure"),
			),
		},
		"gcs-and-azure": {
			`tiering: {enabled: true, warm: {provider: gcs, bucket: warm}, cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "gcs"), variable("BARQ_WARM_TIER_BUCKET", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "azure"), variable("BARQ_COLD_TIER_BUCKET", "cold"),
				variable("BARQ_GCS_BUCKET", "warm"),
				credential("AZURE_STORAGE_ACCOUNT", "azure"), credential("AZURE_STORAGE_ACCESS_KEY", "azure"),
			),
		},
		"buckets-from-a-secret": {
			`tiering: {enabled: true, warm: {provider: s3, bucketSecretRef: {name: buckets, key: warm}}, cold: {provider: gcs, bucketSecretRef: {name: buckets, key: cold}}}`,
			tiered(
				variable("BARQ_WARM_TIER_PROVIDER", "s3"), fromSecret("BARQ_WARM_TIER_BUCKET", "buckets", "warm"),
				variable("BARQ_COLD_TIER_PROVIDER", "gcs"), fromSecret("BARQ_COLD_TIER_BUCKET", "buckets", "cold"),
				fromSecret("BARQ_S3_BUCKET", "buckets", "warm"), fromSecret("BARQ_GCS_BUCKET", "buckets", "cold"),
			),
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, namespace, name, test.spec)
			waitReady(t, cluster)
			require.Equal(t, test.want, container(t, cluster).Env)
			for _, pod := range pods(t, cluster) {
				require.Equal(t, test.want, pod.Spec.Containers[0].Env)
			}
		})
	}
}
