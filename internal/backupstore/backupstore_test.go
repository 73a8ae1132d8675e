package backupstore_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	agentapi "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/backupstore"
	"github.com/barq-db/barq-operator/internal/ownership"
)

var update = flag.Bool("update", false, "write the pods in testdata anew instead of comparing with them")

const image = "registry.example.com/barq-agent:v0.1.0"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func storeOf(spec v1alpha1.BarqBackupStoreSpec) *v1alpha1.BarqBackupStore {
	store := &v1alpha1.BarqBackupStore{Spec: spec}
	store.Namespace, store.Name, store.UID, store.Generation = "search", "backups", "11111111-2222-3333-4444-555555555555", 1
	return store
}

func TestPods(t *testing.T) {
	for name, spec := range map[string]v1alpha1.BarqBackupStoreSpec{
		"s3": {
			Provider: v1alpha1.ProviderS3, BucketSecretRef: &v1alpha1.SecretKeyReference{Name: "where", Key: "bucket"}, Prefix: "team/a",
			Region: "eu-central-1", Endpoint: "https://objects.example.com/$(HOME)", CASecretRef: &v1alpha1.SecretKeyReference{Name: "authority", Key: "root.pem"},
			CredentialsSecretRef: &v1alpha1.SecretReference{Name: "keys"}, ServiceAccountName: "tries",
			ServerSideEncryption: &v1alpha1.ServerSideEncryption{Type: v1alpha1.EncryptionKMS, KMSKeyID: "mrk-1"},
		},
		"gcs-identity":   {Provider: v1alpha1.ProviderGCS, Bucket: "barq", ServiceAccountName: "writer"},
		"azure-identity": {Provider: v1alpha1.ProviderAzure, Bucket: "barq", StorageAccount: "account", ServiceAccountName: "writer"},
		"s3-default": {
			Provider: v1alpha1.ProviderS3, Bucket: "barq", CredentialsSecretRef: &v1alpha1.SecretReference{Name: "keys"},
			ServerSideEncryption: &v1alpha1.ServerSideEncryption{Type: v1alpha1.EncryptionStoreDefault},
		},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := yaml.Marshal(backupstore.Pod(storeOf(spec), image, "sum"))
			require.NoError(t, err)
			file := filepath.Join("testdata", name+".pod.yaml")
			if *update {
				require.NoError(t, os.WriteFile(file, made, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(made), "run: go test ./internal/backupstore -update, and read what changed")
		})
	}
}

// A pod is another one whenever what it tries is, the operator's cache has it, and no BarqCluster of the same name does.
func TestNamesAndLabels(t *testing.T) {
	store := storeOf(v1alpha1.BarqBackupStoreSpec{Provider: v1alpha1.ProviderGCS, Bucket: "barq"})
	names := map[string]bool{}
	note := func(image, secrets string) {
		pod := backupstore.Pod(store, image, secrets)
		require.False(t, names[pod.Name], pod.Name)
		names[pod.Name] = true
		require.LessOrEqual(t, len(pod.Name), 63)
		require.True(t, ownership.Selector().Matches(labels.Set(pod.Labels)))
		require.Empty(t, ownership.Enqueue(t.Context(), pod))
	}
	note(image, "")
	note("other", "")
	note(image, "sum")
	store.Generation = 2
	note(image, "")
	store.UID = "other"
	note(image, "")
	store.Name = strings.Repeat("a", 39) + "." + strings.Repeat("b", 200)
	note(image, "")
	require.Contains(t, backupstore.Pod(store, image, "").Name, "a-probe-")
}

func TestOutcomes(t *testing.T) {
	ended := func(code int32, message string) corev1.PodStatus {
		return corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "probe", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Error", Message: message}},
		}}}
	}
	said := func(reason, message string) string {
		return string(agentapi.Termination{Reason: reason, Message: message}.Encode())
	}
	for name, test := range map[string]struct {
		status corev1.PodStatus
		age    time.Duration
		want   backupstore.Outcome
		over   bool
	}{
		"not begun": {status: corev1.PodStatus{Phase: corev1.PodPending}},
		"runs":      {status: corev1.PodStatus{Phase: corev1.PodRunning}, age: time.Minute},
		"usable":    {status: ended(0, said("Reachable", "all is well")), want: backupstore.Outcome{Reason: "Reachable", Message: "all is well"}, over: true},
		"refused": {
			status: ended(1, said("AccessDenied", "create \"a\": AccessDenied")), over: true,
			want: backupstore.Outcome{Reason: "AccessDenied", Message: "create \"a\": AccessDenied"},
		},
		"of a newer agent": {
			status: ended(1, said("Moon", "full")), over: true,
			want: backupstore.Outcome{Reason: "ProbeFailed", Message: "Moon: full"},
		},
		"silent": {
			status: ended(2, "panic"), over: true,
			want: backupstore.Outcome{Reason: "ProbeFailed", Message: "pod backups-probe ended with exit code 2 (Error) without a result of the probe; " +
				"correct the image in RELATED_IMAGE_BARQ_AGENT of the operator"},
		},
		"evicted": {
			status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "no memory"}, over: true,
			want: backupstore.Outcome{Reason: "ProbeFailed", Message: "the probe did not run: pod backups-probe: Evicted: no memory (waiting for its replacement)"},
		},
		"without an image": {
			status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
				Name: "probe", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "not found"}},
			}}},
			age: backupstore.Patience, over: true,
			want: backupstore.Outcome{Reason: "ProbeFailed", Message: "the probe did not run: pod backups-probe: ImagePullBackOff: container probe: not found (waiting for an image that can be pulled)"},
		},
		"for too long": {
			status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{
				Name: "probe", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			}}},
			age: backupstore.Patience, over: true,
			want: backupstore.Outcome{Reason: "ProbeFailed", Message: "the probe did not end within 3m0s: pod backups-probe is in phase Running; look at the events of the namespace"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Status: test.status}
			pod.Name, pod.CreationTimestamp = "backups-probe", metav1.NewTime(now.Add(-test.age))
			outcome, over := backupstore.OutcomeOf(pod, now)
			require.Equal(t, test.over, over)
			require.Equal(t, test.want, outcome)
		})
	}
}

func TestConditions(t *testing.T) {
	store := storeOf(v1alpha1.BarqBackupStoreSpec{})
	for reason, want := range map[string]metav1.ConditionStatus{
		v1alpha1.ReasonReachable: metav1.ConditionTrue, v1alpha1.ReasonProbing: metav1.ConditionUnknown, v1alpha1.ReasonSecretMissing: metav1.ConditionFalse,
	} {
		require.Equal(t, metav1.Condition{
			Type: "Ready", Status: want, ObservedGeneration: 1, LastTransitionTime: metav1.NewTime(now), Reason: reason, Message: "in one line",
		}, backupstore.Condition(store, backupstore.Outcome{Reason: reason, Message: "in one\nline"}, now))
	}
	require.Equal(t, "gone; create the bucket, or correct spec.bucket, spec.region or spec.endpoint",
		backupstore.Condition(store, backupstore.Outcome{Reason: v1alpha1.ReasonBucketMissing, Message: "gone"}, now).Message)
	long := backupstore.Condition(store, backupstore.Outcome{Reason: v1alpha1.ReasonAccessDenied, Message: strings.Repeat("a", 1<<16)}, now).Message
	require.Less(t, len(long), 32768)
	require.True(t, strings.HasSuffix(long, "below spec.prefix"))
}

func TestTheNextProbe(t *testing.T) {
	for name, test := range map[string]struct {
		reason  string
		since   time.Duration
		changed func(*v1alpha1.BarqBackupStore)
		want    time.Duration
		isNow   bool
	}{
		"works":                {reason: "Reachable", since: 24 * time.Hour, want: time.Hour},
		"just failed":          {reason: "AccessDenied", want: 15 * time.Second},
		"has failed a while":   {reason: "AccessDenied", since: 2 * time.Minute, want: 2 * time.Minute},
		"has failed for long":  {reason: "AccessDenied", since: time.Hour, want: 5 * time.Minute},
		"is tried":             {reason: "Probing", isNow: true},
		"had no Secret":        {reason: "SecretMissing", isNow: true},
		"had no agent":         {reason: "AgentImageMissing", isNow: true},
		"has another spec":     {reason: "Reachable", changed: func(s *v1alpha1.BarqBackupStore) { s.Generation = 2 }, isNow: true},
		"has other Secrets":    {reason: "Reachable", changed: func(s *v1alpha1.BarqBackupStore) { s.Status.ObservedSecrets = "" }, isNow: true},
		"has never been tried": {reason: "Reachable", changed: func(s *v1alpha1.BarqBackupStore) { s.Status = v1alpha1.BarqBackupStoreStatus{} }, isNow: true},
	} {
		t.Run(name, func(t *testing.T) {
			store := storeOf(v1alpha1.BarqBackupStoreSpec{})
			store.Status = v1alpha1.BarqBackupStoreStatus{ObservedGeneration: 1, ObservedSecrets: "sum", LastProbeTime: ptr.To(metav1.NewTime(now))}
			store.Status.Conditions = []metav1.Condition{backupstore.Condition(store, backupstore.Outcome{Reason: test.reason}, now.Add(-test.since))}
			if test.changed != nil {
				test.changed(store)
			}
			next := backupstore.Next(store, "sum")
			require.Equal(t, test.isNow, next.IsZero())
			if !test.isNow {
				require.Equal(t, test.want, next.Sub(now))
			}
		})
	}
}
