package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	barq "github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/pods"
)

// durability is one database that has to keep its documents.
type durability struct {
	cluster *v1alpha1.BarqCluster
	secret  *corev1.Secret
	// size is what the volumes were last asked to have, in MiB.
	size int64
	// changes counts, so that every change is one.
	changes int64
	// acknowledged are the numbers of the documents that were written while a process was killed.
	acknowledged []int
	// runs is what the containers were before it was.
	runs map[string]string
}

// operation is something that a person, or a node, does to a database.
type operation struct {
	name string
	// act begins it.
	act func(*testing.T, *durability)
	// settle waits until it is done; nil waits until the BarqCluster is Ready.
	settle func(*testing.T, *durability)
	// restarts tells whether the primary is replaced.
	restarts bool
	// onOwnNode tells that processes of pods have to be processes of this machine.
	onOwnNode bool
}

// Each kill of a process comes before another pod, because the kubelet restarts a container once without a back-off.
var operations = []operation{
	{name: "server killed", onOwnNode: true, act: func(t *testing.T, d *durability) {
		d.killWhileWriting(t, "barq-server")
	}, settle: waitRestarted},
	{name: "pod deleted", restarts: true, act: func(t *testing.T, d *durability) {
		require.NoError(t, suite.Client.Delete(t.Context(), d.primary()))
	}},
	{name: "agent killed", onOwnNode: true, act: func(t *testing.T, d *durability) {
		d.killWhileWriting(t, "barq-agent")
	}, settle: waitRestarted},
	{name: "pod killed", restarts: true, act: func(t *testing.T, d *durability) {
		require.NoError(t, suite.Client.Delete(t.Context(), d.primary(), client.GracePeriodSeconds(0)))
	}},
	{name: "image changed", restarts: true, act: func(t *testing.T, d *durability) {
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) {
			spec.Image = map[string]string{images.database: images.otherDatabase, images.otherDatabase: images.database}[spec.Image]
		})
	}},
	{name: "resources changed", restarts: true, act: func(t *testing.T, d *durability) {
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) {
			spec.Resources = memoryRequest(fmt.Sprintf("%dMi", 32+d.changes))
		})
	}},
	{name: "Secret rotated", restarts: true, act: func(t *testing.T, d *durability) {
		suite.Refresh(t, d.secret)
		d.secret.StringData = map[string]string{"token": fmt.Sprintf("token-%d", d.changes)}
		require.NoError(t, suite.Client.Update(t.Context(), d.secret))
	}},
	{name: "volume grown", act: func(t *testing.T, d *durability) {
		d.size += 16
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Storage.Size = d.wanted() })
	}, settle: func(t *testing.T, d *durability) {
		suite.WaitFor(t, d.cluster, v1alpha1.ConditionVolumesResized, metav1.ConditionTrue, v1alpha1.ReasonSizeReached)
		require.Zero(t, d.wanted().Cmp(*d.cluster.Status.Storage.Capacity), "capacity %s", d.cluster.Status.Storage.Capacity)
	}},
	{name: "paused and resumed", restarts: true, act: func(t *testing.T, d *durability) {
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) {
			spec.Paused, spec.PodAnnotations = true, map[string]string{"example.com/change": strconv.FormatInt(d.changes, 10)}
		})
	}, settle: func(t *testing.T, d *durability) {
		suite.WaitFor(t, d.cluster, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused)
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Paused = false })
		suite.WaitReady(t, d.cluster)
	}},
	{name: "hibernated and woken", restarts: true, act: func(t *testing.T, d *durability) {
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](0) })
	}, settle: func(t *testing.T, d *durability) {
		suite.WaitFor(t, d.cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonHibernated)
		require.Empty(t, suite.Pods(t, d.cluster))
		suite.Change(t, d.cluster, func(spec *v1alpha1.BarqClusterSpec) { spec.Replicas = ptr.To[int32](2) })
		suite.WaitReady(t, d.cluster)
	}},
	{name: "operator upgraded", restarts: true, act: func(t *testing.T, _ *durability) {
		next := map[string]string{images.operator: images.nextOperator, images.nextOperator: images.operator}
		setOperatorImage(t, next[operatorPods(t)[0].Spec.Containers[0].Image])
	}, settle: func(t *testing.T, _ *durability) { waitOperator(t) }},
	{name: "deleted and made again", restarts: true, act: func(t *testing.T, d *durability) {
		require.NoError(t, suite.Client.Delete(t.Context(), d.cluster.DeepCopy()))
	}, settle: func(t *testing.T, d *durability) {
		suite.WaitGone(t, d.cluster.DeepCopy())
		again := &v1alpha1.BarqCluster{Spec: d.cluster.Spec}
		again.Namespace, again.Name = d.cluster.Namespace, d.cluster.Name
		require.NoError(t, suite.Client.Create(t.Context(), again))
		d.cluster = again
		suite.WaitReady(t, d.cluster)
	}},
}

// A running database keeps every document through whatever is done to it, also when the operator is killed in the middle, and
// every write that it acknowledged before its process or its agent was killed.
func TestNoDocumentIsLost(t *testing.T) {
	namespace := newNamespace(t)
	d := &durability{size: 64}
	d.secret = &corev1.Secret{StringData: map[string]string{"token": "token"}}
	d.secret.Namespace, d.secret.Name = namespace, "keys"
	require.NoError(t, suite.Client.Create(t.Context(), d.secret))
	d.cluster = newCluster(t, namespace, "db", `
replicas: 2
storage: {size: 64Mi}
env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: token}}}]
`)
	suite.WaitReady(t, d.cluster)
	awaitAgent(t, d.cluster, images.agent)
	fill(t, namespace, "db-0", documents)

	var table strings.Builder
	columns := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(columns, "operation\toperator\tdocuments found\twritten meanwhile\tseconds\tprimary\n")
	fates := []bool{false, true}
	if testing.Short() {
		// Other tests do these things while the operator is left alone.
		fates = []bool{true}
	}
	for _, killed := range fates {
		for _, operation := range operations {
			if operation.onOwnNode && os.Getenv(ownNode) == "" {
				t.Logf("%s: left out, because the node is another machine", operation.name)
				continue
			}
			d.run(t, operation, killed, columns)
		}
	}
	d.requireThere(t, d.acknowledged)
	require.NoError(t, columns.Flush())
	fmt.Fprintf(os.Stderr, "\n%d documents in a database of two pods with the agent, counted one by one after each operation:\n\n%s\n", documents, table.String())
}

// run does one operation and counts the documents.
func (d *durability) run(t *testing.T, operation operation, killed bool, table *tabwriter.Writer) {
	t.Helper()
	d.changes++
	before := suite.Identities(t, d.cluster)["db-0"]
	acknowledged := len(d.acknowledged)
	start := time.Now()
	operation.act(t, d)
	fate := "left alone"
	if killed {
		// Somewhere in the second or so that the operator takes to carry it out.
		time.Sleep(time.Duration(rand.IntN(800)) * time.Millisecond)
		killOperator(t)
		fate = "killed"
	}
	if operation.settle != nil {
		operation.settle(t, d)
	}
	d.waitPrimary(t, operation.restarts, before)
	took := time.Since(start)
	if killed {
		waitOperator(t)
	}

	there := found(t, d.cluster.Namespace, "db-0", documents)
	written := d.acknowledged[acknowledged:]
	d.requireThere(t, written)
	primary := "kept"
	if suite.Identities(t, d.cluster)["db-0"] != before {
		primary = "replaced"
	}
	fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%.1f\t%s\n", operation.name, fate, there, len(written), took.Seconds(), primary)
	require.Equal(t, documents, there, "%s, operator %s", operation.name, fate)
	if !operation.restarts {
		require.Equal(t, "kept", primary, operation.name)
	}
}

// waitPrimary waits until the operation has come as far as the primary, and all is
// Ready again.
func (d *durability) waitPrimary(t *testing.T, restarts bool, before string) {
	t.Helper()
	suite.Eventually(t, func() string {
		for _, pod := range suite.Pods(t, d.cluster) {
			if pod.Name == "db-0" && podReady(&pod) && (!restarts || string(pod.UID) != before) {
				return ""
			}
		}
		return "pod db-0 was not replaced yet, or does not answer"
	})
	suite.WaitReady(t, d.cluster)
}

// killWhileWriting kills the process of the primary that runs a program, while a few clients write documents.
func (d *durability) killWhileWriting(t *testing.T, program string) {
	t.Helper()
	d.runs = suite.Runs(t, d.cluster)
	primary := d.primary()
	suite.Refresh(t, primary)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	database := barq.New(fmt.Sprintf("http://%s:8080", primary.Status.PodIP))
	database.HTTP = barq.NewHTTPClient(transport)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const writers = 4
	// No two kills write the same documents.
	first := documents + int(d.changes)*100_000
	var group sync.WaitGroup
	var lock sync.Mutex
	for writer := range writers {
		group.Go(func() {
			for number := first + writer; database.Insert(ctx, collection, document(number)) == nil; number += writers {
				lock.Lock()
				d.acknowledged = append(d.acknowledged, number)
				lock.Unlock()
			}
		})
	}
	suite.Eventually(t, func() string {
		lock.Lock()
		defer lock.Unlock()
		if len(d.acknowledged) == 0 {
			return "no write was answered yet"
		}
		return ""
	})
	time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
	killed, err := pods.Signal(syscall.SIGKILL, primary.UID, program)
	if killed == 0 {
		cancel()
	}
	group.Wait()
	require.NoError(t, err)
	require.Equal(t, 1, killed, "processes of %s in pod %s", program, primary.Name)
	require.NotEmpty(t, d.acknowledged)
}

// waitRestarted waits until the kubelet has started a container again in which a process was killed.
func waitRestarted(t *testing.T, d *durability) {
	t.Helper()
	suite.Eventually(t, func() string {
		if now := suite.Runs(t, d.cluster); now["db-0 barq-db"] == d.runs["db-0 barq-db"] {
			return "container barq-db of pod db-0 was not started again yet"
		}
		return ""
	})
}

// requireThere requires that the documents of the numbers are in the primary.
func (d *durability) requireThere(t *testing.T, numbers []int) {
	t.Helper()
	if len(numbers) == 0 {
		return
	}
	var ids []barq.ID
	for _, number := range numbers {
		ids = append(ids, document(number).ID)
	}
	ask(t, d.cluster.Namespace, "db-0", func(ctx context.Context, database *barq.Client) {
		missing, err := database.Missing(ctx, collection, ids...)
		require.NoError(t, err)
		require.Empty(t, missing)
	})
}

func (d *durability) primary() *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = d.cluster.Namespace, "db-0"
	return pod
}

func (d *durability) wanted() *resource.Quantity {
	return resource.NewQuantity(d.size<<20, resource.BinarySI)
}

func memoryRequest(quantity string) *corev1.ResourceRequirements {
	return &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(quantity)}}
}
