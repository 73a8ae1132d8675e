package chart_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusedByTemplate is what Helm puts before a message of the templates.
const refusedByTemplate = "execution error at (barq-db/templates/statefulset.yaml:1:4): "

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct{ values, want string }{
		"tiering without a tier": {
			values: `
tiering: {enabled: true}`,
			want: "values: tiering.enabled: needs at least one tier; set tiering.warm or tiering.cold, or enabled: false",
		},
		"no bucket in the warm tier": {
			values: `
tiering: {enabled: true, warm: {provider: s3}}`,
			want: "values: tiering.warm.bucket: set bucket or bucketSecretRef, exactly one of them",
		},
		"two buckets in the cold tier": {
			values: `
tiering: {enabled: true, cold: {provider: gcs, bucket: cold, bucketSecretRef: {name: buckets, key: cold}}}`,
			want: "values: tiering.cold.bucket: set bucket or bucketSecretRef, exactly one of them",
		},
		"region on gcs": {
			values: `
tiering: {enabled: true, warm: {provider: gcs, bucket: warm, region: europe-west3}}`,
			want: "values: tiering.warm.region: is for provider s3 only; remove it",
		},
		"endpoint on azure": {
			values: `
tiering: {enabled: true, cold: {provider: azure, bucket: cold, endpoint: "https://objects.example.com", credentialsSecretRef: {name: azure}}}`,
			want: "values: tiering.cold.endpoint: is for provider s3 only; remove it",
		},
		"azure without credentials": {
			values: `
tiering: {enabled: true, cold: {provider: azure, bucket: cold}}`,
			want: "values: tiering.cold.credentialsSecretRef: azure needs it, because Barq DB knows no keyless identity there; name a Secret with the keys AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY",
		},
		"azure without credentials in both tiers": {
			values: `
tiering: {enabled: true, warm: {provider: azure, bucket: warm}, cold: {provider: azure, bucket: cold}}`,
			want: "values: tiering.warm.credentialsSecretRef: azure needs it, because Barq DB knows no keyless identity there; name a Secret with the keys AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY",
		},
		"two sets of credentials for s3": {
			values: `
tiering:
  enabled: true
  warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: one}}
  cold: {provider: s3, bucket: cold, credentialsSecretRef: {name: other}}`,
			want: "values: tiering.warm.credentialsSecretRef and tiering.cold.credentialsSecretRef: differ, but one process has one for both tiers of provider s3; write the same in both, or leave one out",
		},
		"two sets of credentials for gcs": {
			values: `
tiering:
  enabled: true
  warm: {provider: gcs, bucket: warm, credentialsSecretRef: {name: one}}
  cold: {provider: gcs, bucket: cold, credentialsSecretRef: {name: other}}`,
			want: "values: tiering.warm.credentialsSecretRef and tiering.cold.credentialsSecretRef: differ, but one process has one for both tiers of provider gcs; write the same in both, or leave one out",
		},
		"two sets of credentials for azure": {
			values: `
tiering:
  enabled: true
  warm: {provider: azure, bucket: warm, credentialsSecretRef: {name: one}}
  cold: {provider: azure, bucket: cold, credentialsSecretRef: {name: other}}`,
			want: "values: tiering.warm.credentialsSecretRef and tiering.cold.credentialsSecretRef: differ, but one process has one for both tiers of provider azure; write the same in both, or leave one out",
		},
		"two regions": {
			values: `
tiering:
  enabled: true
  warm: {provider: s3, bucket: warm, region: eu-west-1}
  cold: {provider: s3, bucket: cold, region: eu-west-2}`,
			want: "values: tiering.warm.region and tiering.cold.region: differ, but one process has one for both tiers of provider s3; write the same in both, or leave one out",
		},
		"two endpoints": {
			values: `
tiering:
  enabled: true
  warm: {provider: s3, bucket: warm, endpoint: "https://one.example.com"}
  cold: {provider: s3, bucket: cold, endpoint: "https://other.example.com"}`,
			want: "values: tiering.warm.endpoint and tiering.cold.endpoint: differ, but one process has one for both tiers of provider s3; write the same in both, or leave one out",
		},
		"all that is wrong is told at once": {
			values: `
tiering:
  enabled: true
  warm: {provider: gcs, region: europe-west3, endpoint: "https://objects.example.com"}
  cold: {provider: azure, bucket: cold}
serviceAccount: {create: false}
env: [{name: RUST_LOG, value: debug}]`,
			want: `values: serviceAccount.name: create: false needs the name of an account that exists; set name, or create: true
values: tiering.warm.bucket: set bucket or bucketSecretRef, exactly one of them
values: tiering.warm.region: is for provider s3 only; remove it
values: tiering.warm.endpoint: is for provider s3 only; remove it
values: tiering.cold.credentialsSecretRef: azure needs it, because Barq DB knows no keyless identity there; name a Secret with the keys AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY
values: env: RUST_LOG belongs to the chart; remove it and set logLevel`,
		},

		"an account that exists has no name": {
			values: `serviceAccount: {create: false}`,
			want:   "values: serviceAccount.name: create: false needs the name of an account that exists; set name, or create: true",
		},
		"annotations on an account that exists": {
			values: `serviceAccount: {create: false, name: barq, annotations: {iam.gke.io/gcp-service-account: barq}}`,
			want:   "values: serviceAccount.annotations: go on the account that the chart creates; annotate the existing account yourself, or set create: true",
		},

		"a variable twice": {
			values: `env: [{name: A, value: one}, {name: B, value: two}, {name: A, value: three}]`,
			want:   "values: env: A is there twice; remove one",
		},
		"a variable with two sources": {
			values: `env: [{name: A, value: one, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]`,
			want:   "values: env: A has both value and valueFrom; write one of them",
		},

		"labels by which pods are found": {
			values: `
podLabels:
  team: search
  app.kubernetes.io/name: a
  app.kubernetes.io/instance: a
  app.kubernetes.io/component: a
  statefulset.kubernetes.io/pod-name: a
  apps.kubernetes.io/pod-index: a
  controller-revision-hash: a`,
			want: `values: podLabels: app.kubernetes.io/component finds the pods and belongs to the chart or to Kubernetes; choose another name
values: podLabels: app.kubernetes.io/instance finds the pods and belongs to the chart or to Kubernetes; choose another name
values: podLabels: app.kubernetes.io/name finds the pods and belongs to the chart or to Kubernetes; choose another name
values: podLabels: apps.kubernetes.io/pod-index finds the pods and belongs to the chart or to Kubernetes; choose another name
values: podLabels: controller-revision-hash finds the pods and belongs to the chart or to Kubernetes; choose another name
values: podLabels: statefulset.kubernetes.io/pod-name finds the pods and belongs to the chart or to Kubernetes; choose another name`,
		},
		"a class of Kubernetes itself": {
			values: `priorityClassName: system-node-critical`,
			want:   "values: priorityClassName: system-node-critical is for what keeps the Kubernetes cluster running, and evicts all other pods. Write the name of another PriorityClass, or create one",
		},
		"labels of every object on the pod monitor": {
			values: `monitoring: {podMonitor: {enabled: true, labels: {release: prometheus, app.kubernetes.io/version: a, app.kubernetes.io/managed-by: a}}}`,
			want: `values: monitoring.podMonitor.labels: app.kubernetes.io/managed-by belongs to the chart, which puts it on every object; choose another name
values: monitoring.podMonitor.labels: app.kubernetes.io/version belongs to the chart, which puts it on every object; choose another name`,
		},
		"labels of every object to inherit": {
			values: `inheritedMetadata: {labels: {team: search, app.kubernetes.io/name: a, app.kubernetes.io/version: a}}`,
			want: `values: inheritedMetadata.labels: app.kubernetes.io/name finds the pods and belongs to the chart or to Kubernetes; choose another name
values: inheritedMetadata.labels: app.kubernetes.io/version belongs to the chart, which puts it on every object; choose another name`,
		},
		"a spread constraint twice": {
			values: `topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}, {maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}, {maxSkew: 2, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]`,
			want:   "values: topologySpreadConstraints: a, DoNotSchedule is there twice; write another topologyKey or whenUnsatisfiable, or remove one",
		},
		"two families of a single stack": {
			values: `service: {ipFamilies: [IPv4, IPv6]}`,
			want:   "values: service.ipFamilies: two families need service.ipFamilyPolicy PreferDualStack or RequireDualStack; write one of these, or one family",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, refusedByTemplate+test.want, refusal(t, releaseName, test.values))
		})
	}
}

func TestVariablesOfTheChartAreRefused(t *testing.T) {
	const credentials = "remove it and name a Secret that holds it in credentialsSecretRef of tiering.warm or tiering.cold"
	for name, instead := range map[string]string{
		"BARQ_ADDR":                           "remove it: the database listens on port 8080, by IPv6 with service.ipFamilies or service.ipFamilyPolicy",
		"BARQ_STORAGE_DIR":                    "remove it and set storage: the data directory is always /data",
		"BARQ_TIERING_ENABLED":                "remove it and set tiering.enabled",
		"BARQ_WARM_TIER_PROVIDER":             "remove it and set tiering.warm.provider",
		"BARQ_WARM_TIER_BUCKET":               "remove it and set tiering.warm.bucket",
		"BARQ_COLD_TIER_PROVIDER":             "remove it and set tiering.cold.provider",
		"BARQ_COLD_TIER_BUCKET":               "remove it and set tiering.cold.bucket",
		"BARQ_S3_BUCKET":                      "remove it and set bucket of tiering.warm or tiering.cold",
		"BARQ_GCS_BUCKET":                     "remove it and set bucket of tiering.warm or tiering.cold",
		"BARQ_TLS_CERT":                       "remove it and set tls.secretName",
		"BARQ_TLS_KEY":                        "remove it and set tls.secretName",
		"BARQ_TLS_ENABLED":                    "remove it: the chart owns every BARQ_ variable and has no value for this one",
		"BARQ_CLUSTER_CONFIG":                 "remove it and set topology.mode: the chart writes the cluster file",
		"POD_NAME":                            "choose another name, and take the pod's name from metadata.name",
		"RUST_LOG":                            "remove it and set logLevel",
		"AWS_ACCESS_KEY_ID":                   credentials,
		"AWS_SECRET_ACCESS_KEY":               credentials,
		"AWS_SESSION_TOKEN":                   credentials,
		"AWS_REGION":                          "remove it and set region of tiering.warm or tiering.cold",
		"AWS_ENDPOINT_URL_S3":                 "remove it and set endpoint of tiering.warm or tiering.cold",
		"GOOGLE_APPLICATION_CREDENTIALS_JSON": credentials,
		"AZURE_STORAGE_ACCOUNT":               credentials,
		"AZURE_STORAGE_ACCESS_KEY":            credentials,
	} {
		t.Run(name, func(t *testing.T) {
			values := "env: [{name: HARMLESS, value: one}, {name: " + name + ", value: two}]"
			want := refusedByTemplate + "values: env: " + name + " belongs to the chart; " + instead
			require.Equal(t, want, refusal(t, releaseName, values))
		})
	}
}

// By such keys an object would outlive its release, be made by a hook, or be taken for another release's. A node may have them.
func TestKeysThatActOnHelmAreRefused(t *testing.T) {
	for value, values := range map[string]string{
		"podLabels":                     `podLabels: {%s: a, example.com/helm.sh: a}`,
		"inheritedMetadata.labels":      `inheritedMetadata: {labels: {%s: a, example.com/helm.sh: a}}`,
		"inheritedMetadata.annotations": `inheritedMetadata: {annotations: {%s: a, example.com/helm.sh: a}}`,
		"podAnnotations":                `podAnnotations: {%s: a, sub.helm.sh/a: a}`,
		"service.annotations":           `service: {annotations: {%s: a, helm.sh.example.com/a: a}}`,
		"serviceAccount.annotations":    `serviceAccount: {annotations: {%s: a, helm.sh: a}}`,
		"monitoring.podMonitor.labels":  `monitoring: {podMonitor: {labels: {%s: a, helmXsh/a: a}}}`,
	} {
		for _, key := range []string{
			"helm.sh/resource-policy", "helm.sh/hook", "helm.sh/chart", "meta.helm.sh/release-name", "barq.db/secrets-checksum",
		} {
			t.Run(value+" "+key, func(t *testing.T) {
				want := refusedByTemplate + "values: " + value + ": " + key +
					" belongs to Helm and the operator, as all do that begin with helm.sh/, meta.helm.sh/ or barq.db/; choose another name"
				require.Equal(t, want, refusal(t, releaseName, fmt.Sprintf(values, key)))
			})
		}
	}
	rendered := render(t, `nodeSelector: {helm.sh/resource-policy: keep, barq.db/pool: fast}`)
	require.Equal(t, map[string]string{"helm.sh/resource-policy": "keep", "barq.db/pool": "fast"}, statefulSet(t, rendered).Spec.Template.Spec.NodeSelector)
}

func TestReleaseNames(t *testing.T) {
	const form = refusedByTemplate + "release name: must start with a letter and hold only lower-case letters, digits and '-', because a Service takes this name; write for instance my-vectors"
	for name, want := range map[string]string{
		"1db":                   form,
		"db.example":            form,
		strings.Repeat("d", 53): refusedByTemplate + "release name: must be at most 52 characters, because Kubernetes adds a hash to it in a label of the pods; write a shorter name",
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, want, refusal(t, name, `{}`))
		})
	}

	// YAML has other meanings for some of these.
	for _, name := range []string{"on", "no", "y", "null", "true", "db-1", strings.Repeat("d", 52)} {
		t.Run(name, func(t *testing.T) {
			rendered, err := tryRender(t, loadChart(t), name, nil)
			require.NoError(t, err)
			set := statefulSet(t, rendered)
			require.Equal(t, []string{name, name, name + "-headless", name, name}, []string{
				set.Name,
				set.Spec.Selector.MatchLabels["app.kubernetes.io/instance"],
				set.Spec.ServiceName,
				set.Spec.Template.Labels["app.kubernetes.io/instance"],
				set.Spec.Template.Spec.ServiceAccountName,
			})
		})
	}
}
