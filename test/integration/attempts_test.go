package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/forgery"
	"github.com/barq-db/barq-operator/test/tenant"
)

// reachTarget is what attempts are made on.
type reachTarget struct {
	*siege

	// other is another tenant, with a BarqCluster called honest.
	other *tenant.Tenant
}

// tried is one way to use the operator's permissions.
type tried struct {
	name string
	// spec is that of a BarqCluster of this name, which is there before the attempt; none if empty.
	spec string
	// prepare is what administrators do before, begin and end are what the tenant does.
	prepare, begin, end func(t *testing.T, at *reachTarget, name string)
}

// monitorKinds are those of the Prometheus operator.
var monitorKinds = []string{"PodMonitor", "ServiceMonitor"}

// everything is a manifest of all objects of administrators in a namespace.
func everything(namespace string) string {
	var text strings.Builder
	targets := tenant.Targets(namespace, precious)
	for _, kind := range monitorKinds {
		targets = append(targets, forgery.Target{APIVersion: "monitoring.coreos.com/v1", Kind: kind, Namespace: namespace, Name: precious})
	}
	for _, target := range targets {
		text.WriteString("---\n" + target.Document())
	}
	return text.String()
}

// fresh is a manifest of objects that do not exist yet.
func fresh(namespace string) string {
	return strings.ReplaceAll(everything(namespace), "name: "+precious, "name: forged") + `---
apiVersion: v1
kind: Pod
metadata: {name: forged, namespace: ` + namespace + `}
spec: {containers: [{name: a, image: registry.example.com/a:1}]}
`
}

// editsWith forges the newest record and edits the BarqCluster, so that the operator reads it.
func editsWith(seconds int32, edits func(at *reachTarget, name string) []forgery.Edit) func(*testing.T, *reachTarget, string) {
	return func(t *testing.T, at *reachTarget, name string) {
		t.Helper()
		at.forgeNewest(t, at.record(t, name), edits(at, name)...)
		require.NoError(t, at.Patch(t.Context(), name, minReady(seconds)))
	}
}

// deletesWith forges the newest record and deletes the BarqCluster.
func deletesWith(edits func(at *reachTarget, name string) []forgery.Edit) func(*testing.T, *reachTarget, string) {
	return func(t *testing.T, at *reachTarget, name string) {
		t.Helper()
		if stored, err := at.Record(t.Context(), name); err == nil && stored != nil {
			at.forgeNewest(t, stored, edits(at, name)...)
		}
		require.NoError(t, client.IgnoreNotFound(at.Client.Delete(t.Context(), clusterOf(t, at.Namespace, name, `{}`))))
	}
}

// annotates sets an annotation of the BarqCluster before it goes on.
func annotates(annotation, value string, next func(*testing.T, *reachTarget, string)) func(*testing.T, *reachTarget, string) {
	return func(t *testing.T, at *reachTarget, name string) {
		t.Helper()
		require.NoError(t, at.Patch(t.Context(), name, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, annotation, strings.ReplaceAll(value, "NAME", name))))
		next(t, at, name)
	}
}

// attempts are all ways that there are. Each has a BarqCluster of its own.
func attempts() []tried {
	elsewhere := func(at *reachTarget, _ string) []forgery.Edit {
		return []forgery.Edit{forgery.Append("apiVersion: v1\nkind: List\nitems:\n" + asItems(everything(at.victims)))}
	}
	home := func(at *reachTarget, _ string) []forgery.Edit {
		return []forgery.Edit{forgery.Append(everything(at.Namespace))}
	}
	both := func(at *reachTarget, name string) []forgery.Edit {
		return append(elsewhere(at, name), home(at, name)...)
	}
	helms := func(at *reachTarget, _ string) []forgery.Edit {
		return []forgery.Edit{forgery.Append(everything(at.victims) + everything(at.Namespace)), forgery.Unmarked()}
	}
	hooks := func(at *reachTarget, _ string) []forgery.Edit {
		var found []forgery.Edit
		for _, event := range []string{"pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-rollback", "pre-delete", "post-delete", "test"} {
			found = append(found, forgery.Hook(event, fresh(at.victims)), forgery.Hook(event, fresh(at.Namespace)))
		}
		return found
	}
	moved := func(at *reachTarget, _ string) []forgery.Edit {
		return []forgery.Edit{
			forgery.Replace("namespace: "+at.Namespace, "namespace: "+at.victims), forgery.Replace(`namespace: "`+at.Namespace+`"`, "namespace: "+at.victims),
			forgery.InnerNamespace(at.victims),
		}
	}
	repaired := func(_ *reachTarget, name string) []forgery.Edit {
		return []forgery.Edit{forgery.Replace("name: "+name+"\n", "name: "+precious+"\n"), forgery.Replace(`name: "`+name+`"`, "name: "+precious)}
	}
	const asleep = `replicas: 0`
	return []tried{
		{name: "listed-elsewhere", spec: asleep, begin: editsWith(7, elsewhere), end: deletesWith(elsewhere)},
		{name: "listed-at-home", spec: asleep, begin: editsWith(7, home), end: deletesWith(home)},
		{name: "hooked", spec: asleep, begin: editsWith(7, hooks), end: deletesWith(hooks)},
		{name: "moved", spec: asleep, begin: editsWith(7, moved), end: deletesWith(moved)},
		{name: "repaired", spec: asleep, begin: editsWith(7, repaired), end: deletesWith(repaired)},
		{name: "adopted", spec: asleep, begin: annotates(v1alpha1.AnnotationAdoptRelease, "NAME", editsWith(7, helms)), end: deletesWith(helms)},
		{
			name: "handed-back", spec: asleep, begin: editsWith(7, both),
			end: annotates(v1alpha1.AnnotationOnDeletion, "keep-release", deletesWith(both)),
		},
		sameNames(), ofAnotherTenant(), references(), accounts(), volumes(), records(), metadata(), status(), stores(),
		{
			name: "monitored", spec: `{replicas: 0, monitoring: {podMonitor: {enabled: true}}}`, prepare: makeMonitors,
			begin: editsWith(7, repaired), end: deletesWith(both),
		},
		{
			name: "scraped", spec: `{replicas: 0, monitoring: {serviceMonitor: {enabled: true}}}`,
			begin: editsWith(7, repaired), end: deletesWith(both),
		},
	}
}

// makeMonitors makes what tenant.Precious cannot, because not every cluster knows the kind.
func makeMonitors(t *testing.T, at *reachTarget, _ string) {
	t.Helper()
	for _, namespace := range []string{at.Namespace, at.victims} {
		for _, kind := range monitorKinds {
			monitor := &unstructured.Unstructured{}
			monitor.SetAPIVersion("monitoring.coreos.com/v1")
			monitor.SetKind(kind)
			monitor.SetNamespace(namespace)
			monitor.SetName(precious)
			monitor.Object["spec"] = map[string]any{"selector": map[string]any{}}
			require.NoError(t, admin.Create(t.Context(), monitor))
		}
	}
}

// asItems writes documents as items of a list.
func asItems(documents string) string {
	var text strings.Builder
	for document := range strings.SplitSeq(documents, "---\n") {
		if document != "" {
			text.WriteString("- " + strings.ReplaceAll(strings.TrimSuffix(document, "\n"), "\n", "\n  ") + "\n")
		}
	}
	return text.String()
}

// sameNames: the BarqCluster has the name of objects of administrators, and a record that says they are its own.
func sameNames() tried {
	return tried{
		name: "same-names", spec: `replicas: 0`,
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			cluster := at.create(t, precious, `replicas: 0`)
			record, err := forgery.Open(at.record(t, name))
			require.NoError(t, err)
			manifest := record.Release["manifest"].(string)
			forged, err := forgery.Forge(at.record(t, name), forgery.Manifest(strings.ReplaceAll(manifest, uidIn(t, manifest), string(cluster.UID))),
				forgery.Replace(name, precious), forgery.Name(precious))
			require.NoError(t, err)
			require.NoError(t, at.Store(t.Context(), forged))
			require.NoError(t, at.Patch(t.Context(), precious, minReady(7)))
		},
		end: func(t *testing.T, at *reachTarget, _ string) {
			t.Helper()
			require.NoError(t, at.Client.Delete(t.Context(), clusterOf(t, at.Namespace, precious, `{}`)))
		},
	}
}

// ofAnotherTenant: the record is about the BarqCluster of another tenant.
func ofAnotherTenant() tried {
	edits := func(at *reachTarget, name string) []forgery.Edit {
		theirs := forgery.Target{APIVersion: "barq.db/v1alpha1", Kind: "BarqCluster", Namespace: at.other.Namespace, Name: "honest"}
		return []forgery.Edit{
			forgery.Replace("namespace: "+at.Namespace, "namespace: "+at.other.Namespace), forgery.Replace(name, "honest"),
			forgery.Append("apiVersion: v1\nkind: List\nitems:\n" + asItems(theirs.Document())), forgery.Hook("pre-delete", theirs.Document()), forgery.Hook("pre-upgrade", theirs.Document()),
		}
	}
	return tried{name: "of-another-tenant", spec: `replicas: 0`, begin: editsWith(7, edits), end: deletesWith(edits)}
}

// references: every field that names a Secret or a ConfigMap names one of another namespace, or one that the tenant's lacks.
func references() tried {
	fields := []string{
		`imagePullSecrets: [{name: %s}]`, `tls: {secretName: %s}`,
		`tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: %s}}}`,
		`tiering: {enabled: true, cold: {provider: gcs, bucketSecretRef: {name: %s, key: password}}}`,
		`serviceAccount: {name: %s}`,
	}
	return tried{
		name: "references", spec: `replicas: 0`,
		prepare: func(t *testing.T, at *reachTarget, _ string) {
			t.Helper()
			newSecret(t, at.victims, "only-there", map[string]string{"password": tenant.Password(at.victims)})
		},
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			for _, field := range fields {
				err := at.Client.Create(t.Context(), clusterOf(t, at.Namespace, "only-there", fmt.Sprintf(field, at.victims+"/only-there")))
				require.True(t, apierrors.IsInvalid(err), "%s: %v", field, err)
			}
			require.NoError(t, at.Patch(t.Context(), name, `{"spec":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"only-there","key":"password"}}}],`+
				`"tls":{"secretName":"only-there"},"imagePullSecrets":[{"name":"only-there"}]}}`))
		},
		end: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			cluster := clusterOf(t, at.Namespace, name, `{}`)
			condition := waitFor(t, cluster, v1alpha1.ConditionSecretsAvailable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
			require.Contains(t, condition.Message, `"only-there"`)
		},
	}
}

// accounts: the pods are to have an account of an administrator, and the operator is to annotate it.
func accounts() tried {
	return tried{
		name: "accounts", spec: `replicas: 0`,
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			require.NoError(t, at.Patch(t.Context(), name, `{"spec":{"serviceAccount":{"name":"`+precious+`","annotations":{"eks.amazonaws.com/role-arn":"mallory"}}}}`))
			require.NoError(t, at.Client.Create(t.Context(), clusterOf(t, at.Namespace, "only-there", `{replicas: 0, serviceAccount: {name: `+precious+`}}`)))
		},
		end: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			for _, cluster := range []string{name, "only-there"} {
				require.NoError(t, at.Client.Delete(t.Context(), clusterOf(t, at.Namespace, cluster, `{}`)))
			}
		},
	}
}

// volumes: claims and a pod of an administrator have the labels of the BarqCluster, whose volumes grow and whose pods are restarted
// for it, are told to outlive their PVCs, and then are deleted, some with a pod and the others with the BarqCluster. A PVC names a
// volume that is another's.
func volumes() tried {
	return tried{
		name: "volumes", spec: `{}`,
		prepare: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			labels := map[string]string{"app.kubernetes.io/name": "barq-db", "app.kubernetes.io/instance": name, "app.kubernetes.io/component": "database"}
			pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: "data-" + name + "-copy", Labels: labels}}
			pvc.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
			pvc.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
			require.NoError(t, admin.Create(t.Context(), pvc))
			// A volume that is another's, and a PVC on it in the name of a pod that is not there.
			volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: at.Namespace + "-foreign"}}
			volume.Spec.AccessModes, volume.Spec.Capacity = pvc.Spec.AccessModes, pvc.Spec.Resources.Requests
			volume.Spec.HostPath = &corev1.HostPathVolumeSource{Path: "/foreign"}
			volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
			volume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "foreign"}
			require.NoError(t, admin.Create(t.Context(), volume))
			t.Cleanup(func() { _ = admin.Delete(context.Background(), volume) })
			theirs := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: "data-" + name + "-7", Labels: labels}}
			theirs.Spec = *pvc.Spec.DeepCopy()
			theirs.Spec.VolumeName, theirs.Spec.StorageClassName = volume.Name, ptr.To("")
			require.NoError(t, admin.Create(t.Context(), theirs))
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: name + "-copy", Labels: labels}}
			pod.Spec = tenant.Pod()
			require.NoError(t, admin.Create(t.Context(), pod))
		},
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			waitReady(t, clusterOf(t, at.Namespace, name, `{}`))
			require.NoError(t, at.Patch(t.Context(), name, `{"spec":{"storage":{"size":"20Gi"}}}`))
		},
		end: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			require.NoError(t, at.Patch(t.Context(), name, `{"spec":{"storage":{"size":"30Gi","retention":{"whenDeleted":"Delete","whenScaled":"Delete"}},"replicas":2}}`))
			waitReady(t, clusterOf(t, at.Namespace, name, `{}`))
			output(t, kubectl("-n", at.Namespace, "wait", "bqc/"+name, "--for=condition=VolumesResized", "--timeout=1m"))
			// The simulated storage makes the policy Delete again whenever a volume grows.
			require.NoError(t, at.Patch(t.Context(), name, `{"spec":{"storage":{"retention":{"reclaim":"Retain"}}}}`))
			waitFor(t, clusterOf(t, at.Namespace, name, `{}`), v1alpha1.ConditionVolumesRetained, metav1.ConditionTrue, v1alpha1.ReasonRetainSet)
			require.NoError(t, at.Patch(t.Context(), name, `{"spec":{"replicas":1}}`))
			waitReady(t, clusterOf(t, at.Namespace, name, `{}`))
			require.NoError(t, client.IgnoreNotFound(at.Client.Delete(t.Context(), clusterOf(t, at.Namespace, name, `{}`))))
		},
	}
}

// records: an administrator has a release of Helm in the namespace, for which the tenant makes a BarqCluster.
func records() tried {
	return tried{
		name: "records", spec: `replicas: 0`,
		prepare: func(t *testing.T, at *reachTarget, _ string) {
			t.Helper()
			output(t, helm("install", "foreign", writeChart(t, "foreign"), "-n", at.Namespace))
		},
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			foreign := at.record(t, "foreign")
			// What the tenant stores is of another name, and says of itself and its label that it is of the administrator's release.
			forged, err := forgery.Forge(at.record(t, name), forgery.InnerName("foreign"), forgery.Label("name", "foreign"),
				forgery.Append(strings.TrimSpace("apiVersion: v1\nkind: Secret\nmetadata: {name: "+foreign.Name+", namespace: "+at.Namespace+"}")))
			require.NoError(t, err)
			require.NoError(t, at.Store(t.Context(), forged))
			require.NoError(t, at.Patch(t.Context(), name, minReady(7)))
		},
		end: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			require.NoError(t, client.IgnoreNotFound(at.Client.Delete(t.Context(), clusterOf(t, at.Namespace, name, `{}`))))
		},
	}
}

// metadata: the BarqCluster's own metadata name other objects.
func metadata() tried {
	account := &corev1.ServiceAccount{}
	return tried{
		name: "metadata", spec: `replicas: 0`,
		prepare: func(t *testing.T, at *reachTarget, _ string) {
			t.Helper()
			account.Namespace, account.Name = at.Namespace, precious
			refresh(t, account)
		},
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			require.NoError(t, at.Patch(t.Context(), name, fmt.Sprintf(`{"metadata":{`+
				`"ownerReferences":[{"apiVersion":"v1","kind":"ServiceAccount","name":%q,"uid":%q}],`+
				`"labels":{"app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/instance":%q},`+
				`"annotations":{"meta.helm.sh/release-name":%q,"meta.helm.sh/release-namespace":%q,"helm.sh/resource-policy":"keep"},`+
				`"finalizers":["uninstall-helm-release","example.com/mallory"]}}`, precious, account.UID, precious, precious, at.victims)))
			require.NoError(t, at.Patch(t.Context(), name, minReady(7)))
		},
		end: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			// Her own finalizer would keep it for ever.
			cluster := clusterOf(t, at.Namespace, name, `{}`)
			err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
				if err := at.Client.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); err != nil {
					return err
				}
				controllerutil.RemoveFinalizer(cluster, "example.com/mallory")
				return at.Client.Update(t.Context(), cluster)
			})
			// One that is gone went with its owner, and that is told by the report.
			require.NoError(t, client.IgnoreNotFound(err))
		},
	}
}

// status: the tenant may read the status, and not write it.
func status() tried {
	return tried{
		name: "status", spec: `replicas: 0`,
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			cluster := clusterOf(t, at.Namespace, name, `{}`)
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"operator":"mallory","deployedRelease":{"name":"`+precious+`"}}}`))
			err := at.Client.Status().Patch(t.Context(), cluster, patch)
			require.True(t, apierrors.IsForbidden(err), "%v", err)
			// With the rest of the object it is ignored.
			require.NoError(t, at.Client.Patch(t.Context(), cluster, patch))
			refresh(t, cluster)
			require.Equal(t, &v1alpha1.DeployedRelease{Name: name}, cluster.Status.DeployedRelease)
		},
	}
}

// stores: a BarqBackupStore names a Secret and an account that are another namespace's, and the tenant writes the status.
func stores() tried {
	return tried{
		name: "stores",
		prepare: func(t *testing.T, at *reachTarget, _ string) {
			t.Helper()
			newSecret(t, at.victims, "only-for-stores", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": tenant.Password(at.victims)})
		},
		begin: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			const spec = `{provider: s3, bucket: b, endpoint: "http://127.0.0.1:1", credentialsSecretRef: {name: %s}, serviceAccountName: %s}`
			for _, named := range [][]any{{at.victims + "/only-for-stores", precious}, {"only-for-stores", at.victims + "/" + precious}} {
				err := at.Client.Create(t.Context(), storeOf(t, at.Namespace, name, fmt.Sprintf(spec, named...)))
				require.True(t, apierrors.IsInvalid(err), "%v", err)
			}
			store := storeOf(t, at.Namespace, name, fmt.Sprintf(spec, "only-for-stores", precious))
			require.NoError(t, at.Client.Create(t.Context(), store))
			err := at.Client.Status().Patch(t.Context(), store, client.RawPatch("application/merge-patch+json", []byte(`{"status":{"observedSecrets":"mallory"}}`)))
			require.True(t, apierrors.IsForbidden(err), "%v", err)
		},
		end: func(t *testing.T, at *reachTarget, name string) {
			t.Helper()
			store := storeOf(t, at.Namespace, name, `{provider: s3}`)
			waitStore(t, store, v1alpha1.ReasonAgentImageMissing)
			require.NoError(t, at.Client.Delete(t.Context(), store))
		},
	}
}
