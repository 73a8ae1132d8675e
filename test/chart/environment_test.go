package chart_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

// always is what the environment of a plain HTTP database begins with in mode
// Primary, whatever the other values.
const always = `
BARQ_ADDR = 0.0.0.0:8080
BARQ_STORAGE_DIR = /data
RUST_LOG = info
POD_NAME is metadata.name
BARQ_CLUSTER_CONFIG = /etc/barq-db/cluster/$(POD_NAME).json
`

var variableLine = regexp.MustCompile(`^(\S+) (?:= (.+)|from (\S+)/(\S+?)(, optional)?|is (\S+))$`)

// environment reads the notation of the tables below: NAME = value for a
// literal, NAME from SECRET/KEY for a key of a Secret, which may be optional,
// NAME is FIELD for a field of the pod.
func environment(t *testing.T, text string) []corev1.EnvVar {
	t.Helper()
	var variables []corev1.EnvVar
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		part := variableLine.FindStringSubmatch(line)
		require.NotNil(t, part, "%q", line)
		variable := corev1.EnvVar{Name: part[1], Value: part[2]}
		if part[3] != "" {
			variable.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: part[3]},
				Key:                  part[4],
			}}
			if part[5] != "" {
				variable.ValueFrom.SecretKeyRef.Optional = ptr.To(true)
			}
		}
		if part[6] != "" {
			variable.ValueFrom = &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: part[6]}}
		}
		variables = append(variables, variable)
	}
	return variables
}

func TestEnvironmentWithoutTiering(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"by default": {
			values: `{}`,
			want:   always,
		},
		"tiers that are not enabled are ignored, even wrong ones": {
			values: `
tiering:
  enabled: false
  warm: {provider: s3, bucket: warm, bucketSecretRef: {name: buckets, key: warm}, credentialsSecretRef: {name: one}}
  cold: {provider: s3, credentialsSecretRef: {name: other}}`,
			want: always,
		},
		"log level": {
			values: `logLevel: warn,barq_api=debug`,
			want: `
BARQ_ADDR = 0.0.0.0:8080
BARQ_STORAGE_DIR = /data
RUST_LOG = warn,barq_api=debug
POD_NAME is metadata.name
BARQ_CLUSTER_CONFIG = /etc/barq-db/cluster/$(POD_NAME).json`,
		},
		"independent databases": {
			values: `topology: {mode: Independent}`,
			want: `
BARQ_ADDR = 0.0.0.0:8080
BARQ_STORAGE_DIR = /data
RUST_LOG = info`,
		},
		"TLS": {
			values: `tls: {secretName: barq-tls}`,
			want: always + `
BARQ_TLS_CERT = /etc/barq-db/tls/tls.crt
BARQ_TLS_KEY = /etc/barq-db/tls/tls.key`,
		},
		"independent databases with TLS": {
			values: `{topology: {mode: Independent}, tls: {secretName: barq-tls}}`,
			want: `
BARQ_ADDR = 0.0.0.0:8080
BARQ_STORAGE_DIR = /data
RUST_LOG = info
BARQ_TLS_CERT = /etc/barq-db/tls/tls.crt
BARQ_TLS_KEY = /etc/barq-db/tls/tls.key`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, environment(t, test.want), database(t, render(t, test.values)).Env)
		})
	}
}

func TestEnvironmentWithTiering(t *testing.T) {
	for name, test := range map[string]struct{ tiers, want string }{
		"s3 warm": {
			tiers: `
  warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_S3_BUCKET = warm
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION from s3/AWS_REGION, optional`,
		},
		"s3 cold": {
			tiers: `
  cold: {provider: s3, bucket: cold, credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = cold
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION from s3/AWS_REGION, optional`,
		},
		"s3 warm and cold": {
			tiers: `
  warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: s3}}
  cold: {provider: s3, bucket: cold, credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = warm
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION from s3/AWS_REGION, optional`,
		},
		"gcs warm": {
			tiers: `
  warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: gcs}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_GCS_BUCKET = warm
GOOGLE_APPLICATION_CREDENTIALS_JSON from gcs/GOOGLE_APPLICATION_CREDENTIALS_JSON`,
		},
		"gcs cold": {
			tiers: `
  cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: gcs}}`,
			want: `
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET = cold
BARQ_GCS_BUCKET = cold
GOOGLE_APPLICATION_CREDENTIALS_JSON from gcs/GOOGLE_APPLICATION_CREDENTIALS_JSON`,
		},
		"gcs warm and cold": {
			tiers: `
  warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: gcs}}
  cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: gcs}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET = cold
BARQ_GCS_BUCKET = warm
GOOGLE_APPLICATION_CREDENTIALS_JSON from gcs/GOOGLE_APPLICATION_CREDENTIALS_JSON`,
		},
		"azure warm": {
			tiers: `
  warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = azure
BARQ_WARM_TIER_BUCKET = warm
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"azure cold": {
			tiers: `
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_COLD_TIER_PROVIDER = azure
BARQ_COLD_TIER_BUCKET = cold
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"azure warm and cold": {
			tiers: `
  warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = azure
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = azure
BARQ_COLD_TIER_BUCKET = cold
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},

		"s3 warm, gcs cold": {
			tiers: `
  warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: s3}}
  cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: gcs}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = warm
BARQ_GCS_BUCKET = cold
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION from s3/AWS_REGION, optional
GOOGLE_APPLICATION_CREDENTIALS_JSON from gcs/GOOGLE_APPLICATION_CREDENTIALS_JSON`,
		},
		"gcs warm, s3 cold": {
			tiers: `
  warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: gcs}}
  cold: {provider: s3, bucket: cold, region: eu-west-1, endpoint: "http://minio:9000", credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = cold
BARQ_GCS_BUCKET = warm
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION = eu-west-1
AWS_ENDPOINT_URL_S3 = http://minio:9000
GOOGLE_APPLICATION_CREDENTIALS_JSON from gcs/GOOGLE_APPLICATION_CREDENTIALS_JSON`,
		},
		"s3 warm, azure cold": {
			tiers: `
  warm: {provider: s3, bucket: warm, region: eu-west-1}
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = azure
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = warm
AWS_REGION = eu-west-1
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"azure warm, s3 cold": {
			tiers: `
  warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}
  cold: {provider: s3, bucket: cold, credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = azure
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = cold
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION from s3/AWS_REGION, optional
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"gcs warm, azure cold": {
			tiers: `
  warm: {provider: gcs, bucket: warm}
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = azure
BARQ_COLD_TIER_BUCKET = cold
BARQ_GCS_BUCKET = warm
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"azure warm, gcs cold": {
			tiers: `
  warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: azure}}
  cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: gcs}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = azure
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET = cold
BARQ_GCS_BUCKET = cold
GOOGLE_APPLICATION_CREDENTIALS_JSON from gcs/GOOGLE_APPLICATION_CREDENTIALS_JSON
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"one Secret for all providers": {
			tiers: `
  warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: tiers}}
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: tiers}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = azure
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = warm
AWS_ACCESS_KEY_ID from tiers/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from tiers/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from tiers/AWS_SESSION_TOKEN, optional
AWS_REGION from tiers/AWS_REGION, optional
AZURE_STORAGE_ACCOUNT from tiers/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from tiers/AZURE_STORAGE_ACCESS_KEY`,
		},

		"buckets from Secrets": {
			tiers: `
  warm: {provider: gcs, bucketSecretRef: {name: buckets, key: warm}}
  cold: {provider: s3, bucketSecretRef: {name: buckets, key: cold}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET from buckets/warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET from buckets/cold
BARQ_S3_BUCKET from buckets/cold
BARQ_GCS_BUCKET from buckets/warm`,
		},
		"the warm bucket from a Secret, the cold one by name": {
			tiers: `
  warm: {provider: s3, bucketSecretRef: {name: buckets, key: warm}}
  cold: {provider: s3, bucket: cold}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET from buckets/warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET from buckets/warm`,
		},
		"the warm bucket by name, the cold one from a Secret": {
			tiers: `
  warm: {provider: gcs, bucket: warm}
  cold: {provider: gcs, bucketSecretRef: {name: buckets, key: cold}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET from buckets/cold
BARQ_GCS_BUCKET = warm`,
		},
		"an azure container from a Secret": {
			tiers: `
  warm: {provider: azure, bucketSecretRef: {name: buckets, key: warm}, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = azure
BARQ_WARM_TIER_BUCKET from buckets/warm
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},

		"s3 with workload identity": {
			tiers: `
  warm: {provider: s3, bucket: warm}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_S3_BUCKET = warm`,
		},
		"gcs with workload identity": {
			tiers: `
  cold: {provider: gcs, bucket: cold}`,
			want: `
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET = cold
BARQ_GCS_BUCKET = cold`,
		},
		"s3 with workload identity, region and endpoint": {
			tiers: `
  warm: {provider: s3, bucket: warm, region: eu-west-1, endpoint: "https://objects.example.com"}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_S3_BUCKET = warm
AWS_REGION = eu-west-1
AWS_ENDPOINT_URL_S3 = https://objects.example.com`,
		},
		"s3 with a region in the Secret and an endpoint": {
			tiers: `
  warm: {provider: s3, bucket: warm, endpoint: "https://objects.example.com", credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_S3_BUCKET = warm
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION from s3/AWS_REGION, optional
AWS_ENDPOINT_URL_S3 = https://objects.example.com`,
		},

		"the cold tier's settings hold for the warm one, which has none": {
			tiers: `
  warm: {provider: s3, bucket: warm}
  cold: {provider: s3, bucket: cold, region: eu-west-1, endpoint: "https://objects.example.com", credentialsSecretRef: {name: s3}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = warm
AWS_ACCESS_KEY_ID from s3/AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY from s3/AWS_SECRET_ACCESS_KEY
AWS_SESSION_TOKEN from s3/AWS_SESSION_TOKEN, optional
AWS_REGION = eu-west-1
AWS_ENDPOINT_URL_S3 = https://objects.example.com`,
		},
		"each tier brings another setting": {
			tiers: `
  warm: {provider: s3, bucket: warm, region: eu-west-1}
  cold: {provider: s3, bucket: cold, endpoint: "https://objects.example.com"}`,
			want: `
BARQ_WARM_TIER_PROVIDER = s3
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = s3
BARQ_COLD_TIER_BUCKET = cold
BARQ_S3_BUCKET = warm
AWS_REGION = eu-west-1
AWS_ENDPOINT_URL_S3 = https://objects.example.com`,
		},
		"azure credentials at one of two tiers": {
			tiers: `
  warm: {provider: azure, bucket: warm}
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: azure}}`,
			want: `
BARQ_WARM_TIER_PROVIDER = azure
BARQ_WARM_TIER_BUCKET = warm
BARQ_COLD_TIER_PROVIDER = azure
BARQ_COLD_TIER_BUCKET = cold
AZURE_STORAGE_ACCOUNT from azure/AZURE_STORAGE_ACCOUNT
AZURE_STORAGE_ACCESS_KEY from azure/AZURE_STORAGE_ACCESS_KEY`,
		},
		"empty texts count as left out": {
			tiers: `
  warm: {provider: gcs, bucket: "", bucketSecretRef: {name: buckets, key: warm}, region: "", endpoint: ""}`,
			want: `
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET from buckets/warm
BARQ_GCS_BUCKET from buckets/warm`,
		},
		"a tier taken out with null": {
			tiers: `
  warm: null
  cold: {provider: gcs, bucket: cold}`,
			want: `
BARQ_COLD_TIER_PROVIDER = gcs
BARQ_COLD_TIER_BUCKET = cold
BARQ_GCS_BUCKET = cold`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := environment(t, always+"BARQ_TIERING_ENABLED = true"+test.want)
			require.Equal(t, want, database(t, render(t, "tiering:\n  enabled: true"+test.tiers)).Env)
		})
	}
}

func TestEnvironmentOfTheDatabaseIsTheSameOnEphemeralStorage(t *testing.T) {
	values := `
tiering:
  enabled: true
  hotPath: ephemeral-storage
  warm: {provider: gcs, bucket: warm}`
	require.Equal(t, environment(t, always+`
BARQ_TIERING_ENABLED = true
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_GCS_BUCKET = warm`), database(t, render(t, values)).Env)
}

func TestExtraVariablesComeLastAsWritten(t *testing.T) {
	values := `
tiering:
  enabled: true
  warm: {provider: gcs, bucket: warm}
env:
  - {name: ZEBRA, value: "on"}
  - {name: AWS_PROFILE, value: "007"}
  - {name: TOKEN, valueFrom: {secretKeyRef: {name: extra, key: token, optional: true}}}
  - {name: SETTING, valueFrom: {configMapKeyRef: {name: settings, key: setting}}}
  - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: "0"}}}`
	want := append(environment(t, always+`
BARQ_TIERING_ENABLED = true
BARQ_WARM_TIER_PROVIDER = gcs
BARQ_WARM_TIER_BUCKET = warm
BARQ_GCS_BUCKET = warm
ZEBRA = on
AWS_PROFILE = 007
TOKEN from extra/token, optional`),
		corev1.EnvVar{Name: "SETTING", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Key: "setting",
		}}},
		corev1.EnvVar{Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
		corev1.EnvVar{Name: "MEMORY", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{
			Resource: "requests.memory", Divisor: resource.MustParse("0"),
		}}},
	)
	require.Equal(t, want, database(t, render(t, values)).Env)
}
