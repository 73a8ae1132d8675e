package integration

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

const s3Tier = `tiering: {enabled: true, warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: keys}}}`

// soon is how long a corrected Secret may take to be acted upon.
const soon = 2 * time.Second

func TestAMissingSecretHoldsTheInstallBack(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", s3Tier)

	const noSecret = `Secret "keys", which spec.tiering.warm.credentialsSecretRef names, does not exist; ` +
		`create it with the key(s) AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY`
	const held = `; until then the operator applies no change and leaves running pods alone`
	condition := waitFor(t, cluster, v1alpha1.ConditionSecretsAvailable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	require.Equal(t, noSecret+held, condition.Message)
	require.Equal(t, v1alpha1.PhasePending, cluster.Status.Phase)
	pending := waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonSecretMissing)
	require.Equal(t, "held back until its Secrets are there: the whole spec, none of which was applied yet", pending.Message)
	require.Equal(t, "the operator goes on by itself once what the condition Ready says is over",
		meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionStalled).Message)
	require.Empty(t, releaseSecrets(t, namespace, "db"))
	eventually(t, func() string {
		if got := events(t, cluster); !slices.Contains(got, "Warning SecretMissing: "+noSecret) {
			return fmt.Sprintf("events: %q", got)
		}
		return ""
	})

	secret := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id"})
	const noKey = `Secret "keys" has no key AWS_SECRET_ACCESS_KEY, which spec.tiering.warm.credentialsSecretRef needs; add the key`
	eventually(t, func() string {
		refresh(t, cluster)
		for _, condition := range cluster.Status.Conditions {
			if condition.Type == v1alpha1.ConditionSecretsAvailable && condition.Message == noKey+held {
				return ""
			}
		}
		return fmt.Sprintf("%+v", cluster.Status.Conditions)
	})

	secret.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "key"}
	require.NoError(t, admin.Update(t.Context(), secret))
	corrected := time.Now()
	eventually(t, func() string {
		if len(releaseSecrets(t, namespace, "db")) == 0 {
			return "the release was not installed"
		}
		return ""
	})
	require.Less(t, time.Since(corrected), inTime)
	waitReady(t, cluster)
}

func TestAMissingSecretLeavesRunningPodsAlone(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `replicas: 2`)
	waitReady(t, cluster)
	before, revisions := identities(t, cluster), len(releaseSecrets(t, namespace, "db"))

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
		spec.Tiering = clusterOf(t, "", "", s3Tier).Spec.Tiering
		spec.Tiering.HotPath = v1alpha1.HotPathPVC
		spec.Image = "registry.example.com/barq-db:0.2.0"
	})
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	require.Equal(t, v1alpha1.PhaseDegraded, cluster.Status.Phase)
	waitFor(t, cluster, v1alpha1.ConditionChangesPending, metav1.ConditionTrue, v1alpha1.ReasonSecretMissing)
	require.Equal(t, int32(2), cluster.Status.ReadyReplicas)
	time.Sleep(soon)
	require.Equal(t, before, identities(t, cluster))
	require.Len(t, releaseSecrets(t, namespace, "db"), revisions)

	newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	waitReady(t, cluster)
	require.Equal(t, "registry.example.com/barq-db:0.2.0", container(t, cluster).Image)
}

// spec.env takes an empty value as Kubernetes does. What Barq DB ends on holds back.
func TestAnEmptyKeyOfASecret(t *testing.T) {
	namespace := newNamespace(t)
	secret := newSecret(t, namespace, "db-traces", map[string]string{"headers": "", "token": ""})
	cluster := newCluster(t, namespace, "db", `
env:
- {name: OTEL_EXPORTER_OTLP_HEADERS, valueFrom: {secretKeyRef: {name: db-traces, key: headers, optional: true}}}
- {name: TOKEN, valueFrom: {secretKeyRef: {name: db-traces, key: token}}}`)
	waitReady(t, cluster)
	waitFor(t, cluster, v1alpha1.ConditionSecretsAvailable, metav1.ConditionTrue, v1alpha1.ReasonAllFound)

	// A value that comes, and goes, reaches the pods.
	for _, value := range []string{"authorization=x", ""} {
		before := identities(t, cluster)
		secret.Data, secret.StringData = nil, map[string]string{"headers": value, "token": ""}
		require.NoError(t, admin.Update(t.Context(), secret))
		eventually(t, func() string {
			if after := identities(t, cluster); before["db-0"] == after["db-0"] || after["db-0"] == "" {
				return "the pod was not replaced"
			}
			return ""
		})
		waitReady(t, cluster)
	}

	newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": ""})
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Tiering = clusterOf(t, "", "", s3Tier).Spec.Tiering })
	condition := waitFor(t, cluster, v1alpha1.ConditionSecretsAvailable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	require.Contains(t, condition.Message, `key AWS_SESSION_TOKEN of Secret "keys" is empty; fill it or remove it`)
}

func TestASecretThatChangesRollsThePodsOnce(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	secret := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	cluster := newCluster(t, namespace, "db", "replicas: 2\n"+s3Tier)
	waitReady(t, cluster)
	before := identities(t, cluster)
	revision := statefulSet(t, cluster).Status.UpdateRevision

	// A key that no pod uses restarts nothing, and neither does another Secret.
	secret.StringData = map[string]string{"unrelated": "x"}
	require.NoError(t, admin.Update(t.Context(), secret))
	newSecret(t, namespace, "other", map[string]string{"AWS_ACCESS_KEY_ID": "id"})
	time.Sleep(soon)
	require.Equal(t, before, identities(t, cluster))
	require.Len(t, releaseSecrets(t, namespace, "db"), 1)

	secret.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "rotated"}
	require.NoError(t, admin.Update(t.Context(), secret))
	eventually(t, func() string {
		set := statefulSet(t, cluster)
		if set.Status.UpdateRevision == revision || set.Status.CurrentRevision != set.Status.UpdateRevision {
			return "the pods were not rolled"
		}
		return ""
	})
	waitReady(t, cluster)
	after := identities(t, cluster)
	for name := range before {
		require.NotEqual(t, before[name], after[name], name)
	}
	time.Sleep(soon)
	require.Equal(t, after, identities(t, cluster), "once")
	require.Len(t, releaseSecrets(t, namespace, "db"), 2, "one revision for one rotation")

	// A Secret that goes away leaves the pods alone, and is named.
	require.NoError(t, admin.Delete(t.Context(), secret))
	waitFor(t, cluster, v1alpha1.ConditionSecretsAvailable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	require.Equal(t, after, identities(t, cluster))
}

// The agent reads the credentials of the tiers at each use, so that a rotation restarts nothing. All else is read when a pod starts.
func TestCredentialsThatTheAgentReadsRestartNothing(t *testing.T) {
	operator.Stop()
	startOperator(t, []string{"RELATED_IMAGE_BARQ_AGENT=" + agentImage})
	namespace := newNamespace(t)
	keys := newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	buckets := newSecret(t, namespace, "buckets", map[string]string{"warm": "a"})
	const warm = `warm: {provider: s3, bucketSecretRef: {name: buckets, key: warm}, credentialsSecretRef: {name: keys}}}`
	ofAgent := newCluster(t, namespace, "agent", "{replicas: 2, tiering: {enabled: true, "+warm+"}")
	ofServer := newCluster(t, namespace, "server", "{replicas: 2, tiering: {enabled: true, managedBy: Server, "+warm+"}")
	before := map[*v1alpha1.BarqCluster]map[string]string{}
	for _, cluster := range []*v1alpha1.BarqCluster{ofAgent, ofServer} {
		waitReady(t, cluster)
		before[cluster] = identities(t, cluster)
	}
	require.Contains(t, container(t, ofAgent).Command, fmt.Sprintf("--archive-path=%s/agent/%s", namespace, ofAgent.UID))
	require.NotContains(t, strings.Join(container(t, ofServer).Command, " "), "--archive-path")
	mounted := &corev1.SecretVolumeSource{SecretName: "keys", Optional: ptr.To(true), DefaultMode: ptr.To[int32](0o440)}
	require.Contains(t, statefulSet(t, ofAgent).Spec.Template.Spec.Volumes, corev1.Volume{Name: "warm-credentials", VolumeSource: corev1.VolumeSource{Secret: mounted}})

	rolled := func(cluster *v1alpha1.BarqCluster, revisions int) {
		t.Helper()
		eventually(t, func() string {
			if found := len(releaseSecrets(t, namespace, cluster.Name)); found != revisions {
				return fmt.Sprintf("%d revisions of %s", found, cluster.Name)
			}
			after := identities(t, cluster)
			for name, uid := range before[cluster] {
				if after[name] == "" || after[name] == uid {
					return name + " is not replaced"
				}
			}
			return ""
		})
		waitReady(t, cluster)
		before[cluster] = identities(t, cluster)
	}
	keys.StringData = map[string]string{"AWS_SECRET_ACCESS_KEY": "rotated"}
	require.NoError(t, admin.Update(t.Context(), keys))
	rolled(ofServer, 2)
	require.Equal(t, before[ofAgent], identities(t, ofAgent))

	buckets.StringData = map[string]string{"warm": "b"}
	require.NoError(t, admin.Update(t.Context(), buckets))
	rolled(ofServer, 3)
	rolled(ofAgent, 2)
	time.Sleep(soon)
	require.Len(t, releaseSecrets(t, namespace, "agent"), 2, "one revision, for the bucket")
	require.Len(t, releaseSecrets(t, namespace, "server"), 3)

	// It is missed all the same.
	require.NoError(t, admin.Delete(t.Context(), keys))
	waitFor(t, ofAgent, v1alpha1.ConditionSecretsAvailable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	require.Equal(t, before[ofAgent], identities(t, ofAgent))
}

// Nothing of a Secret's content may be found where people without access to the
// Secret can look.
func TestNoSecretLeaks(t *testing.T) {
	namespace := newNamespace(t)
	const canary = "canary-7f3a9c-do-not-print"
	secret := newSecret(t, namespace, "keys", map[string]string{
		"AWS_ACCESS_KEY_ID": canary + "-id", "AWS_SECRET_ACCESS_KEY": canary, "AWS_SESSION_TOKEN": canary + "-token", "bucket": canary + "-bucket",
	})
	cluster := newCluster(t, namespace, "db", `
tiering: {enabled: true, warm: {provider: s3, bucketSecretRef: {name: keys, key: bucket}, credentialsSecretRef: {name: keys}}}
env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: AWS_SESSION_TOKEN}}}]`)
	waitReady(t, cluster)
	secret.StringData = map[string]string{"AWS_SESSION_TOKEN": canary + "-rotated"}
	require.NoError(t, admin.Update(t.Context(), secret))
	eventually(t, func() string {
		if len(releaseSecrets(t, namespace, "db")) < 2 {
			return "no second revision"
		}
		return ""
	})
	waitReady(t, cluster)
	// A failure has messages of its own.
	secret.Data, secret.StringData = map[string][]byte{"AWS_ACCESS_KEY_ID": []byte(canary)}, nil
	require.NoError(t, admin.Update(t.Context(), secret))
	waitFor(t, cluster, v1alpha1.ConditionSecretsAvailable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)

	places := map[string]string{
		"the BarqCluster": output(t, kubectl("-n", namespace, "get", "bqc", "db", "-o", "yaml", "--show-managed-fields")),
		"what was made":   output(t, kubectl("-n", namespace, "get", "sts,svc,sa,pvc,pod,controllerrevision,configmap", "-o", "yaml")),
		"the events":      output(t, kubectl("-n", namespace, "get", "events", "-o", "yaml")),
		"the release":     output(t, helm("get", "all", "db", "-n", namespace)),
	}
	log, err := os.ReadFile(operator.Log)
	require.NoError(t, err)
	places["the operator's log"] = string(log)
	for _, stored := range releaseSecrets(t, namespace, "db") {
		places["release Secret "+stored.Name] = unpack(t, stored)
	}
	for place, content := range places {
		require.NotEmpty(t, content, place)
		for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:24]} {
			require.NotContains(t, content, form, "%s holds a Secret's content", place)
		}
	}
	require.Contains(t, places["the release"], "secretKeyRef", "the places were really read")
	require.Contains(t, places["the operator's log"], `"name":"db"`, "log lines carry the BarqCluster's name")
}

// unpack gives the JSON of a stored release.
func unpack(t *testing.T, stored corev1.Secret) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(string(stored.Data["release"]))
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	return string(content)
}

// Every status that was ever stored is looked at: the library replaces the whole
// status on each Helm upgrade, and a moment without endpoints is a moment too many.
func TestTheStatusSurvivesHelm(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)

	watcher, err := admin.Watch(t.Context(), &v1alpha1.BarqClusterList{}, client.InNamespace(namespace),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: cluster.ResourceVersion}})
	require.NoError(t, err)
	defer watcher.Stop()

	for revision := range 4 {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) {
			spec.Image = fmt.Sprintf("registry.example.com/barq-db:0.1.%d", revision)
		})
		waitReady(t, cluster)
	}

	last := cluster.ResourceVersion
	seen := 0
	for event := range watcher.ResultChan() {
		stored := event.Object.(*v1alpha1.BarqCluster)
		seen++
		require.NotEmpty(t, stored.Status.Phase)
		require.NotNil(t, stored.Status.Endpoints)
		require.NotEmpty(t, stored.Status.Selector)
		require.Equal(t, &v1alpha1.DeployedRelease{Name: "db"}, stored.Status.DeployedRelease)
		types := map[string]bool{}
		for _, condition := range stored.Status.Conditions {
			types[condition.Type] = true
		}
		require.Len(t, types, 7, "conditions %v", types)
		if stored.ResourceVersion == last {
			break
		}
	}
	require.Greater(t, seen, 8, "changes were really watched")
}
