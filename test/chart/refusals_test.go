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
	compareFound(t, "refusals", readCases(t, "refusals"), func(t *testing.T, _ string, values map[string]any) any {
		t.Helper()
		return refusalBy(t, refusedByTemplate, values)
	})
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
		"podLabels":                        `podLabels: {%s: a, example.com/helm.sh: a}`,
		"inheritedMetadata.labels":         `inheritedMetadata: {labels: {%s: a, example.com/helm.sh: a}}`,
		"inheritedMetadata.annotations":    `inheritedMetadata: {annotations: {%s: a, example.com/helm.sh: a}}`,
		"podAnnotations":                   `podAnnotations: {%s: a, sub.helm.sh/a: a}`,
		"service.annotations":              `service: {annotations: {%s: a, helm.sh.example.com/a: a}}`,
		"serviceAccount.annotations":       `serviceAccount: {annotations: {%s: a, helm.sh: a}}`,
		"monitoring.podMonitor.labels":     `monitoring: {podMonitor: {labels: {%s: a, helmXsh/a: a}}}`,
		"monitoring.serviceMonitor.labels": `monitoring: {serviceMonitor: {labels: {%s: a, helmXsh/a: a}}}`,
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
