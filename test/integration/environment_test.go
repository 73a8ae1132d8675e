package integration

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/test/barqcluster"
)

func variable(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func fromSecret(name, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
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

	content, err := os.ReadFile("testdata/environment.yaml")
	require.NoError(t, err)
	var cases map[string]struct {
		Spec      string   `json:"spec"`
		Variables []string `json:"variables"`
	}
	require.NoError(t, yaml.UnmarshalStrict(content, &cases))
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, namespace, name, test.Spec)
			waitReady(t, cluster)
			require.Equal(t, test.Variables, barqcluster.Variables(t, container(t, cluster).Env))
			for _, pod := range pods(t, cluster) {
				require.Equal(t, test.Variables, barqcluster.Variables(t, pod.Spec.Containers[0].Env))
			}
		})
	}
}
