package clusters_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/clusters"
)

var parts = []clusters.Part{clusters.ReleasePart, clusters.VolumesPart, clusters.DatabasePart, clusters.StatusPart}

// Each field of the status has one writer, and each condition.
func TestPartsOfTheStatus(t *testing.T) {
	writers := map[string]int{"operator": 1, "takeover": 1}
	conditions := map[string]int{}
	for _, part := range parts {
		for _, name := range part.Fields {
			writers[name]++
		}
		for _, name := range part.Conditions {
			conditions[name]++
		}
	}
	for field := range reflect.TypeFor[v1alpha1.BarqClusterStatus]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "conditions" {
			require.Equal(t, 1, writers[name], name)
		}
		delete(writers, name)
	}
	require.Empty(t, writers, "fields that the status does not have")
	for name, count := range conditions {
		require.Equal(t, 1, count, name)
	}
}

// Paths are removed in the given order, so the last items of a list come first.
func TestSurplus(t *testing.T) {
	const ready = `{"type":"Ready","status":"True"}`
	const right = `{"phase":"Ready","replicas":0,"endpoints":{"http":"x"},"conditions":[` + ready + `]}`
	for name, test := range map[string]struct {
		found, desired string
		want           []string
	}{
		"nothing":                 {right, right, nil},
		"other values":            {`{"phase":"Failed","replicas":7,"endpoints":{"http":"y"},"conditions":[{"type":"Ready","status":"False"}]}`, right, nil},
		"fields":                  {`{"image":"x","phase":"Ready","selector":"y"}`, right, []string{"/status/selector", "/status/image"}},
		"fields of others":        {`{"storage":{"volumes":1},"operator":"x","takeover":"y","deployedRelease":{}}`, right, nil},
		"a field within":          {`{"endpoints":{"grpc":"y","http":"x"}}`, right, []string{"/status/endpoints/grpc"}},
		"an object":               {`{"endpoints":{"grpc":"y","http":"x"}}`, `{}`, []string{"/status/endpoints"}},
		"an object that is empty": {`{"endpoints":{}}`, `{}`, []string{"/status/endpoints"}},
		"conditions": {
			`{"conditions":[{"type":"Stalled"},{"type":"Example"},{"type":"Ready","status":"True","observedGeneration":9},{"type":"Deployed"},{"type":"DataRedundancy"}]}`,
			right,
			[]string{"/status/conditions/4", "/status/conditions/2/observedGeneration", "/status/conditions/0"},
		},
		"items": {
			`{"endpoints":{"databases":[{"pod":"a"},{"pod":"b","http":"x"},{"pod":"c"}]}}`, `{"endpoints":{"databases":[{"pod":"b"}]}}`,
			[]string{"/status/endpoints/databases/2", "/status/endpoints/databases/1/http", "/status/endpoints/databases/0"},
		},
		"a list": {`{"endpoints":{"databases":[{"pod":"a"}],"http":"x"}}`, right, []string{"/status/endpoints/databases"}},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(text string) (status map[string]any) {
				require.NoError(t, json.Unmarshal([]byte(text), &status))
				return status
			}
			require.Equal(t, test.want, clusters.Surplus(clusters.StatusPart, read(test.found), read(test.desired)))
		})
	}
}

// telling returns an API server that answers an apply with the whole new object, which the fake client
// does not. It counts the requests.
func telling(store client.WithWatch, requests *[]string, refuse func() error) client.Client {
	return interceptor.NewClient(store, interceptor.Funcs{
		SubResourceApply: func(ctx context.Context, inner client.Client, name string, object runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			*requests = append(*requests, "apply")
			if err := refuse(); err != nil {
				return err
			}
			if err := inner.SubResource(name).Apply(ctx, object, opts...); err != nil {
				return err
			}
			stored := clusters.Object()
			if err := inner.Get(ctx, clusterName, stored); err != nil {
				return err
			}
			content, err := json.Marshal(stored)
			if err != nil {
				return err
			}
			return json.Unmarshal(content, object)
		},
		SubResourcePatch: func(ctx context.Context, inner client.Client, name string, object client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			*requests = append(*requests, "patch")
			return inner.SubResource(name).Patch(ctx, object, patch, opts...)
		},
	})
}

// A second request removes exactly what another manager wrote into a part.
func TestApplyStatusTakesOutWhatAnotherWrote(t *testing.T) {
	right := v1alpha1.BarqClusterStatus{Phase: v1alpha1.PhaseReady, Endpoints: &v1alpha1.Endpoints{HTTP: "http://vectors"}}
	invalid := apierrors.NewInvalid(v1alpha1.BarqClusterKind.GroupKind(), clusterName.Name, nil)
	for name, test := range map[string]struct {
		foreign  string
		refusals int
		requests []string
	}{
		"nothing":                    {`{}`, 0, []string{"apply"}},
		"other values":               {`{"phase":"Failed","endpoints":{"http":"http://elsewhere"}}`, 0, []string{"apply"}},
		"a text":                     {`{"image":"elsewhere","selector":"a=b"}`, 0, []string{"apply", "patch"}},
		"a field within":             {`{"endpoints":{"grpc":"elsewhere:1"}}`, 0, []string{"apply", "patch"}},
		"what makes it invalid":      {`{"endpoints":{"grpc":"elsewhere:1"}}`, 1, []string{"apply", "patch", "apply"}},
		"what it does not depend on": {`{}`, 1, []string{"apply"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := storeOf(t, vectors())
			var requests []string
			refusals := 0
			server := telling(store, &requests, func() error {
				if refusals > 0 {
					refusals--
					return invalid
				}
				return nil
			})
			stored := func() *v1alpha1.BarqCluster {
				cluster, err := clusters.Get(t.Context(), store, clusterName)
				require.NoError(t, err)
				return cluster
			}
			require.NoError(t, clusters.ApplyStatus(t.Context(), server.Status(), stored(), clusters.StatusPart, &right))
			foreign := []byte(`{"status":` + test.foreign + `}`)
			require.NoError(t, store.Status().Patch(t.Context(), stored(), client.RawPatch(types.MergePatchType, foreign), client.FieldOwner("another")))
			requests, refusals = nil, test.refusals

			cluster := stored()
			err := clusters.ApplyStatus(t.Context(), server.Status(), cluster, clusters.StatusPart, &right)
			require.Equal(t, test.requests, requests)
			if len(requests) == test.refusals {
				require.ErrorIs(t, err, invalid)
				return
			}
			require.NoError(t, err)
			require.Equal(t, right, stored().Status)
			require.Equal(t, stored().ResourceVersion, cluster.ResourceVersion)
		})
	}
}

// The paths fit the status as it was read, so they would be wrong in another one.
func TestApplyStatusRemovesFromWhatItHasRead(t *testing.T) {
	store := storeOf(t, vectors())
	var requests []string
	server := telling(store, &requests, func() error {
		return apierrors.NewInvalid(v1alpha1.BarqClusterKind.GroupKind(), clusterName.Name, nil)
	})
	read := func() *v1alpha1.BarqCluster {
		cluster, err := clusters.Get(t.Context(), store, clusterName)
		require.NoError(t, err)
		return cluster
	}
	write := func(image string) {
		patch := client.RawPatch(types.MergePatchType, []byte(`{"status":{"image":"`+image+`"}}`))
		require.NoError(t, store.Status().Patch(t.Context(), read(), patch))
	}
	write("first")
	outdated := read()
	write("second")
	err := clusters.ApplyStatus(t.Context(), server.Status(), outdated, clusters.StatusPart, &v1alpha1.BarqClusterStatus{})
	require.True(t, apierrors.IsConflict(err) || apierrors.IsInvalid(err), err)
	require.Equal(t, "second", read().Status.Image)
}
