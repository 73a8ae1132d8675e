package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/hack/demo/internal/daemon"
	"github.com/barq-db/barq-operator/hack/demo/internal/record"
	"github.com/barq-db/barq-operator/test/cluster"
)

const (
	// commandVariable makes the test binary the command itself.
	commandVariable = "DEMO_TEST_COMMAND"
	// root is the top of the checkout, where the command expects to be.
	root = "../.."
	// patience is how long anything may take that takes seconds on a machine with
	// nothing else to do.
	patience = 2 * time.Minute
	// coldPatience is how long the programs take to build where none is yet.
	coldPatience = 30 * time.Minute
)

// waiting is a sample that waits for a Secret.
const waiting = `apiVersion: barq.db/v1alpha1
kind: BarqCluster
metadata: {name: waiting}
spec:
  tiering:
    enabled: true
    warm: {provider: s3, bucket: warm, credentialsSecretRef: {name: nowhere}}
`

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestDemo runs the demo as a person would, with one directory throughout so that the
// operator is built only once.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts control planes")
	}
	dir := newDirectory(t)
	t.Run("Interrupts", func(t *testing.T) { testInterrupts(t, dir) })
	t.Run("UpAndDown", func(t *testing.T) { testUpAndDown(t, dir) })
	t.Run("ExistingCluster", func(t *testing.T) { testExistingCluster(t, dir) })
}

// testInterrupts stops the demo at several points and looks whether anything is left.
func testInterrupts(t *testing.T, dir string) {
	for _, test := range []struct {
		when   string
		signal syscall.Signal
		// group sends the signal to the whole group, as Ctrl-C in a terminal does.
		group bool
	}{
		{"building the command", syscall.SIGINT, true},
		{"starting etcd", syscall.SIGINT, true},
		{"starting etcd", syscall.SIGTERM, false},
		{"building the operator", syscall.SIGTERM, false},
		{"starting the operator", syscall.SIGTERM, false},
		{`waiting  Pending      0/1  Secret "nowhere"`, syscall.SIGINT, true},
	} {
		t.Run(fmt.Sprintf("%s at %s", test.signal, test.when), func(t *testing.T) {
			up := start(t, "up", "--dir", dir, "--sample", sampleFile(t, waiting))
			up.waitFor(t, test.when)
			pid := up.Process.Pid
			if test.group {
				pid = -pid
			}
			require.NoError(t, syscall.Kill(pid, test.signal))
			require.Equal(t, 1, up.exitCode(t))
			require.Equal(t, "demo: "+test.signal.String()+" signal received\n", up.stderr.String(), up.stdout.String())
			requireNothingLeft(t, dir)
		})
	}
}

func testUpAndDown(t *testing.T, dir string) {
	out := succeed(t, "up", "--dir", dir)
	require.Contains(t, out, "\n==> Sample config/samples/barqcluster.yaml\n"+
		"applied Namespace barq-demo\n"+
		"applied Secret barq-demo/vectors-s3\n"+
		"applied BarqCluster barq-demo/vectors\n")
	require.Regexp(t, ` s  vectors  Ready        1/1  1 of 1 pods answer\n\n==> What was made\n`, out)
	for _, kind := range []string{
		"statefulset.apps/vectors ", "service/vectors ", "service/vectors-headless ", "serviceaccount/vectors ",
		"persistentvolumeclaim/data-vectors-0 ", "pod/vectors-0 ",
	} {
		require.Equal(t, 1, strings.Count(out, "\n"+kind), kind)
	}
	require.Equal(t, `
  HTTP   http://vectors.barq-demo.svc:8080
  gRPC   vectors.barq-demo.svc:50051
`, part(t, out, "Endpoints of vectors, for clients in the cluster:"))
	require.Equal(t, `
  NAME                      VALUE, OR WHERE IT COMES FROM
  BARQ_ADDR                 0.0.0.0:8080
  BARQ_STORAGE_DIR          /data
  RUST_LOG                  info
  POD_NAME                  field metadata.name of the pod
  BARQ_CLUSTER_CONFIG       /etc/barq-db/cluster/$(POD_NAME).json
  BARQ_TIERING_ENABLED      true
  BARQ_WARM_TIER_PROVIDER   s3
  BARQ_WARM_TIER_BUCKET     example-barq-warm
  BARQ_COLD_TIER_PROVIDER   gcs
  BARQ_COLD_TIER_BUCKET     example-barq-cold
  BARQ_S3_BUCKET            example-barq-warm
  BARQ_GCS_BUCKET           example-barq-cold
  AWS_ACCESS_KEY_ID         Secret vectors-s3, key AWS_ACCESS_KEY_ID
  AWS_SECRET_ACCESS_KEY     Secret vectors-s3, key AWS_SECRET_ACCESS_KEY
  AWS_SESSION_TOKEN         Secret vectors-s3, key AWS_SESSION_TOKEN, if it is there
  AWS_REGION                eu-central-1
`, part(t, out, "The whole environment of the container barq-db:"))
	require.Contains(t, out, "\nThe nodes are simulated: ")
	require.NotContains(t, out, "example-not-a-", "the content of the Secret")
	owner, operator := ownerIn(t, dir), operatorIn(t, dir)

	// Again: the cluster stays and the operator is replaced.
	out = succeed(t, "up", "--dir", dir)
	require.Contains(t, out, "which an earlier `make demo` has started\n")
	require.Equal(t, owner, ownerIn(t, dir))
	require.NotEqual(t, operator, operatorIn(t, dir))
	operator = operatorIn(t, dir)

	t.Run("RefusedSample", func(t *testing.T) {
		refused := start(t, "up", "--dir", dir, "--sample", sampleFile(t, `apiVersion: barq.db/v1alpha1
kind: BarqCluster
metadata: {name: bad}
spec:
  replicas: 101
  tiering: {enabled: true}
`))
		require.Equal(t, 1, refused.exitCode(t))
		require.Equal(t, "demo: the API server refuses BarqCluster bad:\n"+
			"  spec.replicas: Invalid value: 101: spec.replicas in body should be less than or equal to 100\n"+
			"  spec.tiering: Invalid value: enabled needs a tier; write warm or cold with provider and bucket, or set enabled: false\n",
			refused.stderr.String())
	})

	t.Run("SampleThatIsNeverReady", func(t *testing.T) {
		late := start(t, "up", "--dir", dir, "--sample", sampleFile(t, waiting), "--timeout", "4s")
		late.waitFor(t, "Pending")
		meanwhile := start(t, "down", "--dir", dir)
		require.Equal(t, 1, meanwhile.exitCode(t))
		require.Equal(t, fmt.Sprintf("demo: a demo is at work in %s (process %d): wait for it, or press Ctrl-C there\n",
			dir, late.Process.Pid), meanwhile.stderr.String())

		require.Equal(t, 1, late.exitCode(t))
		require.Equal(t, "demo: not Ready after 4s: barq-demo/waiting; DEMO_TIMEOUT=10m waits longer\n", late.stderr.String())
		require.Contains(t, late.stdout.String(), "\n==> BarqCluster barq-demo/waiting is not Ready\n")
		missing := `Secret "nowhere", which spec.tiering.warm.credentialsSecretRef names, does not exist`
		require.Regexp(t, `\nReady +False +SecretMissing +`+missing, late.stdout.String())
		require.Regexp(t, `s +Warning +SecretMissing +BarqCluster/waiting +`+missing, late.stdout.String())
	})

	require.Equal(t, owner, ownerIn(t, dir), "errors leave the cluster to look at")
	require.NotEqual(t, operator, operatorIn(t, dir), "and an operator")
	succeed(t, "down", "--dir", dir)
	requireNothingLeft(t, dir)
	require.Equal(t, "No demo runs in "+dir+".\n", succeed(t, "down", "--dir", dir))
}

// testExistingCluster runs the demo on a cluster that it must leave as it was.
func testExistingCluster(t *testing.T, dir string) {
	control, err := cluster.Start(t.Context(), cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, control.Stop()) })
	d := &demo{out: io.Discard, directory: directory(t.TempDir()), record: &record.Record{Kubeconfig: control.Kubeconfig()}}
	require.NoError(t, d.directory.create())
	require.NoError(t, d.connect(t.Context()))
	before := inventory(t, d.kubernetes)
	deleteNamespace := func() {
		require.NoError(t, d.delete(t.Context(), []record.Object{{APIVersion: "v1", Kind: "Namespace", Name: sampleNamespace}}))
	}

	out := succeed(t, "up", "--dir", dir, "--kubeconfig", control.Kubeconfig())
	require.Contains(t, out, "which was there before the demo\n")
	require.Contains(t, out, ", watching only barq-demo, log ")
	policy := client.ObjectKey{Name: "barq-operator-deletion-protection"}
	require.NoError(t, d.kubernetes.Get(t.Context(), policy, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}),
		"spec.deletionProtection has an effect")

	second := start(t, "up", "--dir", newDirectory(t), "--kubeconfig", control.Kubeconfig())
	require.Equal(t, 1, second.exitCode(t))
	require.Regexp(t, `^demo: an operator is at work in this cluster already \(\S+ holds the Lease barq-system/barq-operator.barq.db, `+
		`renewed \d+s ago\): stop it, and if it has just ended try again in 15 s\n$`, second.stderr.String())

	// It is needed to delete BarqClusters, so down has to start it again.
	running, err := daemon.Find(directory(dir).operatorLock())
	require.NoError(t, err)
	require.NoError(t, running.Stop(t.Context(), operatorGrace))
	out = succeed(t, "down", "--dir", dir)
	require.True(t, strings.HasSuffix(out, "\nkept Namespace barq-demo: it holds PersistentVolumeClaim data-vectors-0; "+
		"`kubectl delete namespace barq-demo` deletes the data too\n"), out)
	requireNothingLeft(t, dir)
	require.NoError(t, d.kubernetes.Get(t.Context(),
		client.ObjectKey{Namespace: sampleNamespace, Name: "data-vectors-0"}, &corev1.PersistentVolumeClaim{}))
	deleteNamespace()
	require.ElementsMatch(t, before, inventory(t, d.kubernetes))

	// What was there before stays, and so does what a person has made meanwhile.
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: sampleNamespace}}
	require.NoError(t, d.kubernetes.Create(t.Context(), namespace))
	out = succeed(t, "up", "--dir", dir, "--kubeconfig", control.Kubeconfig())
	require.Contains(t, out, "\nthere before, so `make demo-down` keeps them: Namespace barq-demo\n")
	mine := &v1alpha1.BarqCluster{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "mine"}}
	require.NoError(t, d.kubernetes.Create(t.Context(), mine))
	out = succeed(t, "down", "--dir", dir)
	require.Contains(t, out, "\nkept CustomResourceDefinition barqclusters.barq.db: "+
		"BarqClusters that the demo has not made would go with it (default/mine)\n")
	require.NoError(t, d.kubernetes.Get(t.Context(), client.ObjectKeyFromObject(mine), mine))
	deleteNamespace()
	require.ElementsMatch(t, append(before, "CustomResourceDefinition barqclusters.barq.db"), inventory(t, d.kubernetes))
}

// inventory names everything of the kinds that the demo makes for the whole cluster.
func inventory(t *testing.T, kubernetes client.Client) []string {
	t.Helper()
	var names []string
	for kind, list := range map[string]client.ObjectList{
		"Namespace":                &corev1.NamespaceList{},
		"ClusterRole":              &rbacv1.ClusterRoleList{},
		"ClusterRoleBinding":       &rbacv1.ClusterRoleBindingList{},
		"CustomResourceDefinition": &apiextensionsv1.CustomResourceDefinitionList{},
	} {
		found := &metav1.PartialObjectMetadataList{}
		kinds, _, err := kubernetes.Scheme().ObjectKinds(list)
		require.NoError(t, err)
		found.SetGroupVersionKind(kinds[0])
		require.NoError(t, kubernetes.List(t.Context(), found))
		for _, item := range found.Items {
			names = append(names, kind+" "+item.Name)
		}
	}
	return names
}

// newDirectory makes a directory, and ends whatever a failing test leaves in it.
func newDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { _ = command(context.Background(), "down", "--dir", dir).Run() })
	return dir
}

func sampleFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sample.yaml")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), commandVariable+"=1")
	// A group of its own, as a shell gives to what is typed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// running is the command at work.
type running struct {
	*exec.Cmd
	stdout, stderr *output
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{Cmd: command(t.Context(), args...), stdout: &output{}, stderr: &output{}}
	r.Stdout, r.Stderr = r.stdout, r.stderr
	require.NoError(t, r.Start())
	return r
}

func (r *running) waitFor(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(r.stdout.String(), text) }, coldPatience, 5*time.Millisecond, text)
}

func (r *running) exitCode(t *testing.T) int {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = r.Process.Kill() })
	defer timer.Stop()
	var exit *exec.ExitError
	if err := r.Wait(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return r.ProcessState.ExitCode()
}

func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := start(t, args...)
	require.NoError(t, r.Wait(), "%s%s", r.stdout, r.stderr)
	require.Empty(t, r.stderr.String())
	return r.stdout.String()
}

// output can be read while it is written.
type output struct {
	mutex sync.Mutex
	data  bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.data.Write(data)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.data.String()
}

// part gives the text from the end of a line to the next empty one.
func part(t *testing.T, text, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, after)
	require.True(t, found, after)
	text, _, _ = strings.Cut(rest, "\n\n")
	return text + "\n"
}

func ownerIn(t *testing.T, dir string) int {
	t.Helper()
	found, err := cluster.Find(dir)
	require.NoError(t, err)
	require.NotNil(t, found, "the cluster runs")
	return found.PID
}

func operatorIn(t *testing.T, dir string) int {
	t.Helper()
	found, err := daemon.Find(directory(dir).operatorLock())
	require.NoError(t, err)
	require.NotNil(t, found, "the operator runs")
	return found.PID
}

// requireNothingLeft looks for processes that work in a directory, and for files that
// say more than where locks were and what was logged.
func requireNothingLeft(t *testing.T, dir string) {
	t.Helper()
	require.Empty(t, mentioning(t, dir))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	inside, err := filepath.Glob(filepath.Join(dir, "demo", "*"))
	require.NoError(t, err)
	for _, file := range slices.Concat(files, inside) {
		name, err := filepath.Rel(dir, file)
		require.NoError(t, err)
		require.Contains(t, []string{
			"logs", "owner.pid", "demo", "demo/demo.pid", "demo/operator.pid", "demo/barq-operator", "demo/cluster",
		}, name)
	}
}

// mentioning gives the command lines of all processes that contain a text.
func mentioning(t *testing.T, text string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	var found []string
	for _, file := range files {
		// It may have ended since; then it is none.
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), text) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
