package integration

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

// fullStatus is a status in which nothing is left out.
func fullStatus() *v1alpha1.BarqClusterStatus {
	status := &v1alpha1.BarqClusterStatus{
		ObservedGeneration: 1, Phase: v1alpha1.PhaseReady,
		Replicas: 1, ReadyReplicas: 1, UpdatedReplicas: 1, Selector: "app=barq-db", Image: "barq-db:1", AppliedSpecHash: "sum",
		Endpoints: &v1alpha1.Endpoints{HTTP: "http://db:8080", GRPC: "db:50051", Databases: []v1alpha1.DatabaseEndpoint{
			{Pod: "db-0", HTTP: "http://db-0:8080", GRPC: "db-0:50051"},
			{Pod: "db-1", HTTP: "http://db-1:8080", GRPC: "db-1:50051"},
		}},
		Storage:         &v1alpha1.StorageStatus{Capacity: ptr.To(resource.MustParse("10Gi")), Volumes: 2, ResizedVolumes: 1},
		DeployedRelease: &v1alpha1.DeployedRelease{Name: "db"},
		Database: &v1alpha1.DatabaseStatus{
			ObservedTime: metav1.Unix(1700000000, 0), Pods: 1, AgentVersion: "0.1.0", Tenants: 1, Collections: 1, Documents: 1, LogBytes: 1, FreeBytes: 1,
			FullTime:  ptr.To(metav1.Unix(1700000000, 0)),
			LastStart: &v1alpha1.DatabaseStart{Pod: "db-0", Time: metav1.Unix(1700000000, 0), Seconds: ptr.To[int64](1)}, QuarantinedWrites: 1,
		},
	}
	for _, part := range statusParts {
		for _, name := range part.Conditions {
			status.Conditions = append(status.Conditions, metav1.Condition{
				Type: name, Status: metav1.ConditionTrue, Reason: "Test", Message: "test", ObservedGeneration: 1,
				LastTransitionTime: metav1.Unix(1700000000, 0),
			})
		}
	}
	return status
}

var statusParts = []clusters.Part{clusters.ReleasePart, clusters.VolumesPart, clusters.DatabasePart, clusters.StatusPart}

// partOf gives what one writer applies of a status, as the object that it is in JSON.
func partOf(t *testing.T, part clusters.Part, status *v1alpha1.BarqClusterStatus) *map[string]any {
	t.Helper()
	text, err := json.Marshal(status)
	require.NoError(t, err)
	var content map[string]any
	require.NoError(t, json.Unmarshal(text, &content))
	conditions, _ := content["conditions"].([]any)
	for name := range content {
		if !slices.Contains(part.Fields, name) {
			delete(content, name)
		}
	}
	conditions = slices.DeleteFunc(conditions, func(condition any) bool {
		return !slices.Contains(part.Conditions, condition.(map[string]any)["type"].(string))
	})
	if len(conditions) > 0 {
		content["conditions"] = conditions
	}
	return &content
}

// optionals lists what can be left out of a value: the setters that make it so, by their paths.
func optionals(path string, value reflect.Value) map[string]func() {
	found := map[string]func(){}
	add := func(more map[string]func()) {
		for path, clear := range more {
			found[path] = clear
		}
	}
	switch value.Kind() {
	case reflect.Pointer:
		if value.Type() == reflect.TypeFor[*resource.Quantity]() {
			return nil
		}
		add(optionals(path, value.Elem()))
	case reflect.Struct:
		for i := range value.NumField() {
			field, name := value.Field(i), path+"."+value.Type().Field(i).Name
			if strings.Contains(value.Type().Field(i).Tag.Get("json"), ",omitempty") {
				found[name] = field.SetZero
			}
			if field.Kind() == reflect.Slice || field.Kind() == reflect.Pointer {
				add(optionals(name, field))
			}
		}
	case reflect.Slice:
		if value.Type().Elem().Kind() != reflect.Struct {
			return nil
		}
		for i := range value.Len() {
			found[fmt.Sprintf("%s[%d]", path, i)] = func() {
				value.Set(reflect.AppendSlice(reflect.AppendSlice(reflect.Zero(value.Type()), value.Slice(0, i)), value.Slice(i+1, value.Len())))
			}
		}
	}
	return found
}

// Whatever can be left out of the status goes and comes back. No other manager keeps it, and none makes it invalid.
func TestWhatCanBeLeftOutOfTheStatus(t *testing.T) {
	operator.Stop()
	t.Cleanup(func() { require.NoError(t, operator.Start()) })
	namespace := newNamespace(t)
	const everything = `{"endpoints":{},"storage":{},"deployedRelease":{},"conditions":[%s]}`
	var types []string
	for _, part := range statusParts {
		for _, name := range part.Conditions {
			types = append(types, fmt.Sprintf(`{"type":%q}`, name))
		}
	}
	for name, foreign := range map[string]string{
		"alone": "",
		// It owns no value, and keeps every object and item from going.
		"beside": fmt.Sprintf(everything, strings.Join(types, ",")),
	} {
		cluster := newCluster(t, namespace, name, `{}`)
		write := func(status *v1alpha1.BarqClusterStatus) error {
			for _, part := range statusParts {
				refresh(t, cluster)
				if err := clusters.ApplyStatus(t.Context(), admin.Status(), cluster, part, partOf(t, part, status)); err != nil {
					return err
				}
			}
			return nil
		}
		sorted := func(status *v1alpha1.BarqClusterStatus) v1alpha1.BarqClusterStatus {
			slices.SortFunc(status.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
			if len(status.Conditions) == 0 {
				status.Conditions = nil
			}
			return *status
		}
		stored := func() v1alpha1.BarqClusterStatus {
			refresh(t, cluster)
			return sorted(&cluster.Status)
		}
		for path := range optionals("", reflect.ValueOf(fullStatus()).Elem()) {
			if path == ".Operator" || path == ".Takeover" {
				// The lease controller writes them by another kind of patch.
				continue
			}
			t.Run(name+path, func(t *testing.T) {
				full := sorted(fullStatus())
				require.NoError(t, write(&full))
				require.Equal(t, full, stored())
				if foreign != "" {
					apply := clusters.Onto(cluster)
					var status map[string]any
					require.NoError(t, json.Unmarshal([]byte(foreign), &status))
					apply.Object["status"] = status
					require.NoError(t, admin.Status().Apply(t.Context(), client.ApplyConfigurationFromUnstructured(apply), client.FieldOwner("another")))
				}

				less := fullStatus()
				optionals("", reflect.ValueOf(less).Elem())[path]()
				require.NoError(t, write(less))
				require.Equal(t, sorted(less), stored(), "it goes")
				require.NoError(t, write(&full))
				require.Equal(t, full, stored(), "it comes back")
			})
		}
	}
}

// Independent databases that hibernate have no address, and get theirs back.
func TestIndependentDatabasesHibernate(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{replicas: 2, topology: {mode: Independent, scaleDown: Allow}}`)
	waitReady(t, cluster)
	endpoints := cluster.Status.Endpoints
	require.Len(t, endpoints.Databases, 2)
	for range 2 {
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
		output(t, kubectl("-n", namespace, "wait", "bqc/db", "--for=jsonpath={.status.phase}=Hibernated", "--timeout=60s"))
		waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
		require.Nil(t, cluster.Status.Endpoints)
		require.Equal(t, cluster.Generation, cluster.Status.ObservedGeneration)
		require.Zero(t, cluster.Status.ReadyReplicas)
		change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
		waitReady(t, cluster)
		require.Equal(t, endpoints, cluster.Status.Endpoints)
	}
	// The second time is counted in the same event.
	requireTold(t, cluster, 1, `^Normal Hibernated: `)
	requireTold(t, cluster, 1, `^Normal Woken: `)
}

// The volumes of a BarqCluster go while it hibernates, and new claims are not bound yet.
func TestTheStorageOfVolumesThatAreGone(t *testing.T) {
	namespace := newNamespace(t)
	cluster := newCluster(t, namespace, "db", `{}`)
	waitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	waitReady(t, cluster)
	storage := cluster.Status.Storage
	require.NotNil(t, storage)
	pvc := pvcs(t, cluster)["data-db-0"]
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)

	require.NoError(t, admin.Delete(t.Context(), &pvc))
	gone(t, &pvc)
	unbound := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pvc.Name, Labels: pvc.Labels}}
	unbound.Spec = *pvc.Spec.DeepCopy()
	unbound.Spec.VolumeName, unbound.Spec.StorageClassName = "", ptr.To("absent")
	require.NoError(t, admin.Create(t.Context(), unbound))
	eventually(t, func() string {
		refresh(t, cluster)
		if cluster.Status.Storage != nil {
			return fmt.Sprintf("%+v", cluster.Status.Storage)
		}
		return ""
	})
	require.NoError(t, admin.Delete(t.Context(), unbound))
	gone(t, unbound)
	change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](1) })
	waitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
	require.Equal(t, storage, cluster.Status.Storage)
	waitReady(t, cluster)
}

// withoutTimes gives what a status says, but for when that began.
func withoutTimes(status *v1alpha1.BarqClusterStatus) v1alpha1.BarqClusterStatus {
	plain := status.DeepCopy()
	for i := range plain.Conditions {
		plain.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	slices.SortFunc(plain.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	return *plain
}

// A restore writes the status of another day, and a person may write anything. It is right again at once, stays so when
// other things change, and is not written for ever.
func TestWhatAnotherManagerWroteIntoTheStatus(t *testing.T) {
	namespace := newNamespace(t)
	const condition = `{"type":%q,"status":"False","reason":"Foreign","message":"foreign","lastTransitionTime":"2020-01-01T00:00:00Z","observedGeneration":77}`
	const databases = `"databases":[{"pod":"db-1","http":"a","grpc":"b"},{"pod":"elsewhere","http":"a","grpc":"b"}]`
	all := []string{}
	for _, part := range statusParts {
		for _, name := range part.Conditions {
			all = append(all, fmt.Sprintf(condition, name))
		}
	}
	foreign := map[string]string{
		"texts":      `{"image":"elsewhere","selector":"a=b","appliedSpecHash":"x","phase":"Failed","observedGeneration":77}`,
		"numbers":    `{"replicas":7,"readyReplicas":7,"updatedReplicas":7}`,
		"endpoints":  `{"endpoints":{"http":"elsewhere",` + databases + `}}`,
		"databases":  `{"endpoints":{` + databases + `}}`,
		"storage":    `{"storage":{"capacity":"1Ti","volumes":9,"resizedVolumes":9}}`,
		"release":    `{"deployedRelease":{"name":"elsewhere"}}`,
		"conditions": `{"conditions":[` + strings.Join(all, ",") + `]}`,
		"objects":    `{"endpoints":{},"storage":{},"deployedRelease":{}}`,
	}
	apply := func(t *testing.T, cluster *v1alpha1.BarqCluster, status string) {
		foreign := &unstructured.Unstructured{}
		foreign.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BarqCluster"))
		foreign.SetNamespace(cluster.Namespace)
		foreign.SetName(cluster.Name)
		fields := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(status), &fields))
		foreign.Object["status"] = fields
		require.NoError(t, admin.Status().Apply(t.Context(), client.ApplyConfigurationFromUnstructured(foreign),
			client.FieldOwner("kubectl"), client.ForceOwnership))
	}
	// What a restore does: all of the status is another's.
	replace := func(t *testing.T, cluster *v1alpha1.BarqCluster, status string) {
		eventually(t, func() string {
			refresh(t, cluster)
			foreign := cluster.DeepCopy()
			foreign.Status = v1alpha1.BarqClusterStatus{Operator: cluster.Status.Operator}
			require.NoError(t, json.Unmarshal([]byte(status), &foreign.Status))
			if err := admin.Status().Update(t.Context(), foreign, client.FieldOwner("restore")); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	const independent = `{replicas: 2, topology: {mode: Independent, scaleDown: Allow}}`
	everything := strings.Trim(foreign["texts"], "{}") + "," + foreign["endpoints"][1:len(foreign["endpoints"])-1] + "," +
		strings.TrimPrefix(foreign["conditions"], "{")
	for name, test := range map[string]struct {
		spec, status string
		write        func(t *testing.T, cluster *v1alpha1.BarqCluster, status string)
	}{
		"texts":                 {`{}`, foreign["texts"], apply},
		"numbers":               {`{}`, foreign["numbers"], apply},
		"endpoints":             {`{}`, foreign["endpoints"], apply},
		"independent-endpoints": {independent, foreign["endpoints"], apply},
		"independent-databases": {independent, foreign["databases"], apply},
		"independent-objects":   {independent, foreign["objects"], apply},
		"storage":               {`{}`, foreign["storage"], apply},
		"release":               {`{}`, foreign["release"], apply},
		"conditions":            {`{}`, foreign["conditions"], apply},
		"objects":               {`{}`, foreign["objects"], apply},
		"everything-replaced":   {`{}`, "{" + everything, replace},
		"nothing-replaced":      {independent, `{}`, replace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newCluster(t, namespace, name, test.spec)
			waitFor(t, cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
			waitReady(t, cluster)
			want := withoutTimes(&cluster.Status)
			test.write(t, cluster, test.status)
			right := func() {
				eventually(t, func() string {
					refresh(t, cluster)
					if got := withoutTimes(&cluster.Status); !reflect.DeepEqual(want, got) {
						return fmt.Sprintf("want %+v\ngot  %+v", want, got)
					}
					return ""
				})
			}
			right()
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
			waitFor(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
			change(t, cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To(want.Replicas) })
			waitReady(t, cluster)
			for i := range want.Conditions {
				want.Conditions[i].ObservedGeneration = cluster.Generation
				if want.Conditions[i].Type == v1alpha1.ConditionDeployed {
					want.Conditions[i].Reason = "UpgradeSuccessful"
				}
			}
			want.ObservedGeneration = cluster.Generation
			right()
		})
	}
}
