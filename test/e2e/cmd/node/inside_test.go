package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/hack/image"
)

// The tests in this file run on a node, as the command of a run; run_test.go sees to
// that.

// inside skips a test outside of a node, and gives it a namespace of its own.
func inside(t *testing.T) namespace {
	t.Helper()
	if os.Getenv("BARQ_E2E_NODE") == "" {
		t.Skip("runs on a node: see TestCommandsGetACluster")
	}
	n := namespace(strings.ToLower(strings.TrimPrefix(t.Name(), "TestInside")))
	n.kubectl(t, "", "create", "namespace", string(n))
	return n
}

// namespace is where one test works.
type namespace string

// kubectl runs the program of that name with the text as its input.
func (n namespace) kubectl(t *testing.T, input string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "kubectl", append([]string{"--namespace=" + string(n)}, arguments...)...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "kubectl %s:\n%s", strings.Join(arguments, " "), output)
	return string(output)
}

// get reads one field of an object.
func (n namespace) get(t *testing.T, object, field string) string {
	t.Helper()
	return n.kubectl(t, "", "get", object, "--output=jsonpath={"+field+"}")
}

// wait waits until a field of an object has the value.
func (n namespace) wait(t *testing.T, object, field, value string) {
	t.Helper()
	n.kubectl(t, "", "wait", object, "--for=jsonpath={"+field+"}="+value, "--timeout=30s")
}

// shell packs an image with a shell, and gives its reference.
func shell(t *testing.T) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	require.NoError(t, err, "run `apt-get install busybox-static`")
	reference, err := image.Push(t.Context(), os.Getenv("BARQ_E2E_REGISTRY")+"/shell:1", image.Image{
		Files:      map[string]string{"/bin/busybox": busybox, "/bin/sh": busybox},
		Entrypoint: []string{"/bin/sh", "-c"},
		User:       "1000:1000",
	})
	require.NoError(t, err)
	return reference
}

// set is a StatefulSet and its Service. Each pod writes its name to its volume and
// serves it.
const set = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: %d
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, runAsNonRoot: true}
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: %s
        args: ['busybox hostname >> /data/index.html; echo serving; exec busybox httpd -f -p 8080 -h /data']
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: %s
      resources: {requests: {storage: 64Mi}}
`

// ask gives the shell text that asks for a page, without a program that looks up names.
func ask(address string) string {
	return fmt.Sprintf(`printf 'GET / HTTP/1.0\r\n\r\n' | busybox nc %s | busybox tail -n 1`, address)
}

func TestInsidePodsRun(t *testing.T) {
	n := inside(t)
	n.kubectl(t, fmt.Sprintf(set, 2, shell(t), "expandable"), "apply", "-f", "-")
	n.kubectl(t, "", "rollout", "status", "statefulset/web", "--timeout=30s")
	require.Equal(t, "serving\n", n.kubectl(t, "", "logs", "web-0"))
	in := func(script string) string { return n.kubectl(t, "", "exec", "web-0", "--", "sh", "-c", script) }
	require.Equal(t, "uid=1000 gid=1000 groups=1000\n", in("busybox id"))

	// A Service leads to each of its pods, also to the one that asks.
	require.Eventually(t, func() bool {
		return in("for each in 1 2 3 4 5; do "+ask("$WEB_SERVICE_HOST 80")+"; done | busybox sort -u") == "web-0\nweb-1\n"
	}, 30*time.Second, 100*time.Millisecond)
	require.Equal(t, "Client sent an HTTP request to an HTTPS server.\n", in(ask("$KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT")))
	// Names are refused at once.
	started := time.Now()
	require.Equal(t, "refused\n", in("busybox nslookup web >/dev/null 2>&1 || echo refused"))
	require.Less(t, time.Since(started), 3*time.Second)

	warnings := n.kubectl(t, "", "get", "events", "--field-selector=type=Warning,involvedObject.kind=Pod,reason!=FailedScheduling,reason!=Unhealthy")
	require.Equal(t, "No resources found in "+string(n)+" namespace.\n", warnings)

	// The volume of a pod that is gone is there for the next one.
	n.kubectl(t, "", "delete", "pod", "web-0")
	n.kubectl(t, "", "rollout", "status", "statefulset/web", "--timeout=30s")
	require.Equal(t, []string{"web-0", "web-0"}, strings.Fields(in("busybox cat /data/index.html")))
}

const (
	pvc      = "pvc/data-web-0"
	capacity = ".status.capacity.storage"
	resize   = `{"spec":{"resources":{"requests":{"storage":%q}}}}`
)

// start starts one pod whose volume has the class, and gives its UID.
func (n namespace) start(t *testing.T, class string) string {
	t.Helper()
	n.kubectl(t, fmt.Sprintf(set, 1, shell(t), class), "apply", "-f", "-")
	n.kubectl(t, "", "rollout", "status", "statefulset/web", "--timeout=30s")
	require.Equal(t, "64Mi", n.get(t, pvc, capacity))
	return n.get(t, "pod/web-0", ".metadata.uid")
}

func TestInsideVolumesGrowOnline(t *testing.T) {
	n := inside(t)
	before := n.start(t, "expandable")
	n.kubectl(t, "", "patch", pvc, "--patch="+fmt.Sprintf(resize, "96Mi"))
	n.wait(t, pvc, capacity, "96Mi")
	require.Empty(t, n.get(t, pvc, ".status.conditions"))
	require.Equal(t, before, n.get(t, "pod/web-0", ".metadata.uid"))
}

func TestInsideVolumesGrowOffline(t *testing.T) {
	n := inside(t)
	n.start(t, "expandable-offline")
	n.kubectl(t, "", "patch", pvc, "--patch="+fmt.Sprintf(resize, "96Mi"))
	n.wait(t, pvc, `.status.conditions[?(@.type=="FileSystemResizePending")].status`, "True")
	n.wait(t, pvc, ".status.allocatedResourceStatuses.storage", "NodeResizeInProgress")
	// More often than the kubelet looks at its volumes.
	time.Sleep(3 * time.Second)
	require.Equal(t, "64Mi", n.get(t, pvc, capacity))
	require.Equal(t, "Resizing FileSystemResizePending NodeResizeError", n.get(t, pvc, `.status.conditions[?(@.status=="True")].type`))
	t.Log(n.get(t, pvc, ".status"))

	n.kubectl(t, "", "delete", "pod", "web-0")
	n.wait(t, pvc, capacity, "96Mi")
	n.kubectl(t, "", "rollout", "status", "statefulset/web", "--timeout=30s")
	require.Empty(t, n.get(t, pvc, ".status.conditions"))
	require.Equal(t, []string{"web-0", "web-0"}, strings.Fields(n.kubectl(t, "", "exec", "web-0", "--", "busybox", "cat", "/data/index.html")))
}

func TestInsideVolumesFailToGrow(t *testing.T) {
	n := inside(t)
	n.start(t, "expandable-broken")
	n.kubectl(t, "", "patch", pvc, "--patch="+fmt.Sprintf(resize, "1Gi"))
	n.wait(t, pvc, ".status.allocatedResourceStatuses.storage", "ControllerResizeInfeasible")
	t.Log(n.get(t, pvc, ".status"))
	// Kubernetes lets the growth be taken back to just above what the volume has, and tries that.
	n.kubectl(t, "", "patch", pvc, "--patch="+fmt.Sprintf(resize, "65Mi"))
	n.wait(t, pvc, ".status.allocatedResources.storage", "65Mi")
	n.wait(t, pvc, ".status.allocatedResourceStatuses.storage", "ControllerResizeInfeasible")
	require.Equal(t, "64Mi", n.get(t, pvc, capacity))
}

func TestInsideVolumesOfAFixedSize(t *testing.T) {
	n := inside(t)
	n.start(t, "fixed")
	refused, err := exec.Command("kubectl", "--namespace="+string(n), "patch", pvc, "--patch="+fmt.Sprintf(resize, "96Mi")).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(refused), "the storageclass that provisions the pvc must support resize")

	volume := "pv/" + n.get(t, pvc, ".spec.volumeName")
	n.kubectl(t, "", "delete", "statefulset/web", pvc)
	n.kubectl(t, "", "wait", "--for=delete", volume, "--timeout=30s")
}
