package integration

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// What fails with another text each time, here that of a webhook which numbers its failures, is tried again after growing delays as
// anything else that fails. The text in the status starts no further reconcile.
func TestAFailureThatDiffersEachTimeIsNoLoop(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitReady(t, cluster)
	runs := identities(t, cluster)
	var asked atomic.Int32
	webhook := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, fmt.Sprintf("failure %d", asked.Add(1)), http.StatusInternalServerError)
	}))
	defer webhook.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: webhook.Certificate().Raw})
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	configuration.Webhooks = []admissionregistrationv1.ValidatingWebhook{{
		Name:                    "failing.example.com",
		ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: &webhook.URL, CABundle: certificate},
		NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
		AdmissionReviewVersions: []string{"v1"},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"statefulsets"}},
		}},
	}}
	require.NoError(t, admin.Create(t.Context(), configuration))
	t.Cleanup(func() { _ = admin.Delete(context.Background(), configuration) })
	inForce(t, true, "-n", namespace, "patch", "sts/db", "-p", `{"spec":{"minReadySeconds":7}}`)

	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.LogLevel = "debug" })
	eventually(t, func() string {
		refresh(t, cluster)
		ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if ready.ObservedGeneration < cluster.Generation || !strings.Contains(ready.Message, "failing.example.com") {
			return ready.Message
		}
		return ""
	})
	// The delays begin with milliseconds, and double each time.
	const settles, measured = 5 * time.Second, 15 * time.Second
	before, since := asked.Load(), time.Now()
	eventually(t, func() string {
		if now := asked.Load(); now != before {
			before, since = now, time.Now()
		}
		if time.Since(since) < settles {
			return fmt.Sprintf("it was tried again within %s", settles)
		}
		return ""
	})
	time.Sleep(measured)
	require.LessOrEqual(t, asked.Load()-before, int32(3), "tries in %s", measured)
	require.Equal(t, runs, identities(t, cluster))

	require.NoError(t, admin.Delete(t.Context(), configuration))
	output(t, kubectl("-n", namespace, "label", "bqc/db", "example.com/again=now"))
	waitReady(t, cluster)
}
