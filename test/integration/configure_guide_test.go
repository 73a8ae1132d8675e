package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// What the first line of a sample says that it does.
const (
	restartsPods    = "# restarts the pods"
	restartsNothing = "# restarts nothing"
	cannotChange    = "# cannot change later"
)

// configuration is one sample, and the BarqCluster that it is written into.
type configuration struct {
	line    int
	sample  string
	cluster *v1alpha1.BarqCluster
	before  map[string]string
}

// The samples of docs/configure.md are taken, and do to running pods what their first
// line says.
func TestConfigureGuide(t *testing.T) {
	// Some fields have an effect only with the agent.
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + agentImage})
	namespace := newNamespace(t)
	provideWhatSamplesReferTo(t, namespace)
	var samples []*configuration
	for _, block := range yamlBlocks(t, "docs/configure.md") {
		samples = append(samples, &configuration{line: block.Line, sample: block.Code})
	}
	require.NotEmpty(t, samples)

	// All at once, because each takes seconds by itself.
	for _, s := range samples {
		s.cluster = newCluster(t, namespace, fmt.Sprintf("line-%d", s.line), s.firstSpec(t))
	}
	for _, s := range samples {
		waitReady(t, s.cluster)
		s.before = identities(t, s.cluster)
	}
	for _, s := range samples {
		s.write(t)
	}
	for _, s := range samples {
		s.check(t)
	}
}

// provideWhatSamplesReferTo makes what a user of the samples has to have.
func provideWhatSamplesReferTo(t *testing.T, namespace string) {
	t.Helper()
	newSecret(t, namespace, "registry-credentials", map[string]string{".dockerconfigjson": "{}"})
	newSecret(t, namespace, "vectors-traces", map[string]string{"headers": "api-key=first"})
	newSecret(t, namespace, "vectors-key", map[string]string{"key.txt": "AGE-SECRET-KEY-1"})
	newSecret(t, namespace, "vectors-tls", map[string]string{corev1.TLSCertKey: "certificate", corev1.TLSPrivateKeyKey: "key"})
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "search"}}
	require.NoError(t, admin.Create(t.Context(), account))
	for _, class := range []client.Object{
		&storagev1.StorageClass{
			ObjectMeta:           metav1.ObjectMeta{Name: "fast"},
			Provisioner:          "volumes.test.barq.db",
			AllowVolumeExpansion: ptr.To(true),
		},
		&schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "databases"}, Value: 1000},
	} {
		require.NoError(t, admin.Create(t.Context(), class))
		// The test's context has ended by then.
		t.Cleanup(func() { require.NoError(t, admin.Delete(context.WithoutCancel(t.Context()), class)) })
	}
}

// firstSpec is what the BarqCluster has before the sample is written into it.
func (s *configuration) firstSpec(t *testing.T) string {
	t.Helper()
	if s.says() == cannotChange {
		return s.spec(t)
	}
	return `{}`
}

// says is the first line of the sample.
func (s *configuration) says() string {
	line, _, _ := strings.Cut(s.sample, "\n")
	return line
}

func (s *configuration) spec(t *testing.T) string {
	t.Helper()
	fragment := struct {
		Spec v1alpha1.BarqClusterSpec `json:"spec"`
	}{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(s.sample), &fragment), "docs/configure.md:%d", s.line)
	spec, err := yaml.Marshal(fragment.Spec)
	require.NoError(t, err)
	return string(spec)
}

// write applies the sample to the BarqCluster that runs; of one that cannot change it tries
// to take away what the sample has.
func (s *configuration) write(t *testing.T) {
	t.Helper()
	refresh(t, s.cluster)
	if s.says() == cannotChange {
		err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
			refresh(t, s.cluster)
			s.cluster.Spec = v1alpha1.BarqClusterSpec{Replicas: s.cluster.Spec.Replicas}
			return admin.Update(t.Context(), s.cluster)
		})
		require.True(t, apierrors.IsInvalid(err), "docs/configure.md:%d: %v", s.line, err)
		require.ErrorContains(t, err, "cannot change", "docs/configure.md:%d", s.line)
		refresh(t, s.cluster)
		return
	}
	patch := fmt.Sprintf("apiVersion: barq.db/v1alpha1\nkind: BarqCluster\nmetadata: {name: %s}\n%s", s.cluster.Name, s.sample)
	apply := kubectl("-n", s.cluster.Namespace, "apply", "--server-side", "--field-manager=reader", "--force-conflicts", "-f", "-")
	apply.Stdin = strings.NewReader(patch)
	output(t, apply)
}

// check compares what became of the pods with what the sample says.
func (s *configuration) check(t *testing.T) {
	t.Helper()
	waitReady(t, s.cluster)
	after := identities(t, s.cluster)
	for name, uid := range s.before {
		if s.says() == restartsPods {
			require.NotEqual(t, uid, after[name], "docs/configure.md:%d says %q, and pod %s was not restarted", s.line, s.says(), name)
			continue
		}
		require.Equal(t, uid, after[name], "docs/configure.md:%d says %q, and pod %s was restarted", s.line, s.says(), name)
	}
	require.Contains(t, []string{restartsPods, restartsNothing, cannotChange}, s.says(), "docs/configure.md:%d", s.line)
}
