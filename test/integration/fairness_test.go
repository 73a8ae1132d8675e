package integration

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/test/bench/statistics"
)

const (
	// crowdVariable says how many BarqClusters the other tenant has.
	crowdVariable = "BARQ_FAIRNESS_CLUSTERS"
	defaultCrowd  = 100
	// measuredEdits is how many edits are measured each time.
	measuredEdits = 20
	// delayShare and slowShare are the parts of the time that the other tenant's queue takes which it may add to the median edit,
	// and to the slowest. Without turns an edit waits for the whole queue.
	delayShare, slowShare = 0.1, 0.2
	// tries are how often that is measured at most, because other programs may need the processors for a while. A queue without
	// turns delays every edit by a reconcile of each of the other BarqClusters.
	tries = 3
)

// One tenant has many BarqClusters and keeps the operator at work with them as fast as the API server allows. An edit of another
// tenant's only BarqCluster is in its StatefulSet nearly as soon as without that.
func TestATenantDoesNotDelayAnother(t *testing.T) {
	size := defaultCrowd
	if text := os.Getenv(crowdVariable); text != "" {
		var err error
		size, err = strconv.Atoi(text)
		require.NoError(t, err, crowdVariable)
	}
	token := metricsToken(t, newNamespace(t))
	quiet := newCluster(t, newNamespace(t), "db", `{}`)
	waitReady(t, quiet)
	alone := editTimes(t, quiet)
	t.Logf("alone: %s", describeTimes(alone))

	editing := func(ctx context.Context, disturber client.Client, namespace string, turn int) error {
		return editCrowd(ctx, disturber, namespace, turn%size, turn/size)
	}
	for name, test := range map[string]struct {
		spec string
		// disturb makes one request that gives the operator something to do.
		disturb func(ctx context.Context, disturber client.Client, namespace string, turn int) error
	}{
		"edits": {`{replicas: 0}`, editing},
		"Secrets": {
			`{replicas: 0, tiering: {enabled: true, warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: keys}}}}`,
			func(ctx context.Context, disturber client.Client, namespace string, turn int) error {
				return disturber.Update(ctx, &corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "keys"},
					StringData: map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": fmt.Sprint(turn)},
				})
			},
		},
		"refused specs": {`{replicas: 0, env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.noSuchField}}}]}`, editing},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "edits" {
				t.Skip("the short form has one way to disturb")
			}
			namespace := newNamespace(t)
			newSecret(t, namespace, "keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
			t.Cleanup(func() { removeCrowd(t, namespace, size) })
			for i := range size {
				newCluster(t, namespace, crowdName(i), test.spec)
			}
			stop := disturbing(t, func(ctx context.Context, disturber client.Client, turn int) error {
				return test.disturb(ctx, disturber, namespace, turn)
			})
			eventually(t, func() string {
				if depth := helmQueue(t, token); depth < float64(size)/3 {
					return fmt.Sprintf("%.0f requests wait", depth)
				}
				return ""
			})
			median, slowest, queue := math.Inf(1), math.Inf(1), 0.0
			fair := func() bool {
				return median < statistics.Quantile(alone, 0.5)+delayShare*queue && slowest < statistics.Quantile(alone, 0.95)+slowShare*queue
			}
			for try := 0; try < tries && !fair(); try++ {
				before, began := helmPasses(t, token), time.Now()
				disturbed := editTimes(t, quiet)
				passes, took, depth := helmPasses(t, token)-before, time.Since(began), helmQueue(t, token)
				require.Greater(t, depth, float64(size)/10, "the other tenant kept the operator at work")
				require.Positive(t, passes)
				queue = depth * took.Seconds() / passes
				t.Logf("%d BarqClusters beside: %s; meanwhile %.0f reconciles of releases in %s, so that the %.0f that waited in the end take %.1f s",
					size, describeTimes(disturbed), passes, took.Round(time.Second), depth, queue)
				median, slowest = statistics.Quantile(disturbed, 0.5), statistics.Quantile(disturbed, 0.95)
			}
			t.Logf("%d requests by the other tenant", stop())
			require.True(t, fair(), "an edit takes %.1f s (median), %.1f s (p95) beside a queue of %.1f s", median, slowest, queue)
		})
	}
}

func crowdName(index int) string { return fmt.Sprintf("db-%d", index) }

// editCrowd changes what the StatefulSet has of a BarqCluster, in a way that restarts no pod.
func editCrowd(ctx context.Context, editor client.Client, namespace string, index, round int) error {
	cluster := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: crowdName(index)}}
	return editor.Patch(ctx, cluster, client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"minReadySeconds":%d}}`, 1+round%2)))
}

// disturbing repeats something until it is stopped, and tells then how often it was done.
func disturbing(t *testing.T, disturb func(ctx context.Context, disturber client.Client, turn int) error) (stop func() int) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", adminKubeconfig)
	require.NoError(t, err)
	config.QPS, config.Burst = 100, 100
	disturber, err := client.New(config, client.Options{Scheme: admin.Scheme()})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var failed error
	turns := 0
	running.Go(func() {
		for ctx.Err() == nil && failed == nil {
			if err := disturb(ctx, disturber, turns); err != nil && ctx.Err() == nil {
				failed = err
			}
			turns++
		}
	})
	end := sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(end)
	return func() int {
		end()
		require.NoError(t, failed)
		return turns
	}
}

// removeCrowd leaves the operator without work for what is measured next.
func removeCrowd(t *testing.T, namespace string, size int) {
	t.Helper()
	// The test's context has ended by now.
	ctx := context.Background()
	require.NoError(t, admin.DeleteAllOf(ctx, &v1alpha1.BarqCluster{}, client.InNamespace(namespace)))
	patient := suite()
	patient.Patience += time.Duration(size) * 200 * time.Millisecond
	patient.Eventually(t, func() string {
		left := &v1alpha1.BarqClusterList{}
		if err := admin.List(ctx, left, client.InNamespace(namespace)); err != nil || len(left.Items) > 0 {
			return fmt.Sprintf("%d BarqClusters are left (%v)", len(left.Items), err)
		}
		return ""
	})
}

// editTimes edits a BarqCluster again and again, and gives the seconds that each edit took to be in its StatefulSet.
func editTimes(t *testing.T, cluster *v1alpha1.BarqCluster) (seconds []float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	watcher, err := admin.Watch(ctx, &appsv1.StatefulSetList{}, client.InNamespace(cluster.Namespace))
	require.NoError(t, err)
	defer watcher.Stop()
	refresh(t, cluster)
	for range measuredEdits {
		wanted := 1 - *cluster.Spec.MinReadySeconds
		cluster.Spec.MinReadySeconds = &wanted
		patch := fmt.Appendf(nil, `{"spec":{"minReadySeconds":%d}}`, wanted)
		require.NoError(t, admin.Patch(ctx, cluster.DeepCopy(), client.RawPatch("application/merge-patch+json", patch)))
		began := time.Now()
		for event := range watcher.ResultChan() {
			if set, ok := event.Object.(*appsv1.StatefulSet); ok && set.Name == cluster.Name && set.Spec.MinReadySeconds == wanted {
				seconds = append(seconds, time.Since(began).Seconds())
				break
			}
		}
		// The next edit is to find the operator without the last one of its own.
		time.Sleep(100 * time.Millisecond)
	}
	require.Len(t, seconds, measuredEdits, "an edit did not get into the StatefulSet in time")
	return seconds
}

func describeTimes(seconds []float64) string {
	return fmt.Sprintf("an edit is in the StatefulSet after %.3f s (median), %.3f s (p95), %.3f s (longest)",
		statistics.Quantile(seconds, 0.5), statistics.Quantile(seconds, 0.95), statistics.Quantile(seconds, 1))
}

// helmQueue gives how many BarqClusters wait for a Helm pass.
func helmQueue(t *testing.T, token string) float64 {
	t.Helper()
	return ofHelmController(t, token, "workqueue_depth")
}

// helmPasses gives how many Helm passes there were.
func helmPasses(t *testing.T, token string) float64 {
	t.Helper()
	return ofHelmController(t, token, "controller_runtime_reconcile_total")
}

func ofHelmController(t *testing.T, token, name string) (sum float64) {
	t.Helper()
	_, families := metrics(t, token)
	for _, metric := range families[name].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetName() == "controller" && label.GetValue() == "barqcluster-controller" {
				sum += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}
