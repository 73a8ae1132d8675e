package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/operator-framework/api/crds"
	operatorsv1 "github.com/operator-framework/api/pkg/operators/v1"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/hack/image"
)

const (
	// lifecycleManagerNamespace is where the Operator Lifecycle Manager runs, and where
	// its catalogs are for everybody.
	lifecycleManagerNamespace = "olm"
	// catalogPort is where a catalog is served.
	catalogPort = 50051
)

//go:embed testdata/lifecyclemanager.yaml
var lifecycleManagerManifest string

// lifecycleManager is a running Operator Lifecycle Manager.
type lifecycleManager struct {
	// image has its programs, and opm, which unpacks bundles and serves catalogs.
	image string
	files map[string]string
}

// startLifecycleManager installs the Operator Lifecycle Manager for one test. A Kubernetes
// cluster that has one already is left alone.
func startLifecycleManager(t *testing.T) lifecycleManager {
	t.Helper()
	for _, add := range []func() error{
		func() error { return apiextensionsv1.AddToScheme(clientgoscheme.Scheme) },
		func() error { return operatorsv1.AddToScheme(clientgoscheme.Scheme) },
		func() error { return operatorsv1alpha1.AddToScheme(clientgoscheme.Scheme) },
	} {
		require.NoError(t, add())
	}
	definitions := []*apiextensionsv1.CustomResourceDefinition{
		crds.CatalogSource(), crds.ClusterServiceVersion(), crds.InstallPlan(), crds.OLMConfig(),
		crds.OperatorCondition(), crds.OperatorGroup(), crds.Operator(), crds.Subscription(),
	}
	err := suite.Client.Get(t.Context(), client.ObjectKeyFromObject(definitions[0]), &apiextensionsv1.CustomResourceDefinition{})
	if err == nil {
		t.Skip("this Kubernetes cluster has a lifecycle manager of its own, which does not work with these images")
	}
	require.True(t, apierrors.IsNotFound(err), err)

	manager := packLifecycleManager(t)
	t.Cleanup(func() {
		if t.Failed() {
			collectLifecycleManager(t.Name())
		}
		if err := manager.remove(definitions); err != nil {
			t.Errorf("removing the lifecycle manager: %v", err)
		}
	})
	for _, definition := range definitions {
		require.NoError(t, suite.Client.Create(t.Context(), definition.DeepCopy()))
	}
	suite.Eventually(t, func() string {
		// The CRDs take a moment to be served.
		out, err := manager.kubectl("apply", "--server-side", "-f", "-").CombinedOutput()
		if err != nil {
			return fmt.Sprintf("%v\n%s", err, out)
		}
		return ""
	})
	for _, deployment := range []string{"olm-operator", "catalog-operator"} {
		out, err := kubectl("-n", lifecycleManagerNamespace, "rollout", "status", "deployment/"+deployment, "--timeout=3m").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return manager
}

func packLifecycleManager(t *testing.T) lifecycleManager {
	t.Helper()
	shell, err := exec.LookPath("busybox")
	require.NoError(t, err, "no busybox: run apt-get install busybox-static")
	// Bundles are unpacked with cp.
	files := map[string]string{"/bin/cp": shell}
	pinned := pinnedPrograms(t, "test/e2e/lifecyclemanager", "olm", "catalog", "cpb")
	maps.Copy(pinned, pinnedPrograms(t, "hack/tools/opm", "opm"))
	for name, file := range pinned {
		files["/bin/"+name] = file
	}
	reference, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/olm:test", image.Image{Files: files, User: "1001:1001"})
	require.NoError(t, err)
	return lifecycleManager{image: reference, files: files}
}

// kubectl runs kubectl with the manifest as its input.
func (m lifecycleManager) kubectl(args ...string) *exec.Cmd {
	command := kubectl(args...)
	command.Stdin = strings.NewReader(strings.ReplaceAll(lifecycleManagerManifest, "IMAGE", m.image))
	return command
}

func (m lifecycleManager) remove(definitions []*apiextensionsv1.CustomResourceDefinition) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := m.kubectl("delete", "-f", "-", "--ignore-not-found", "--timeout=2m").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for _, definition := range definitions {
		if err := client.IgnoreNotFound(suite.Client.Delete(ctx, definition.DeepCopy())); err != nil {
			return err
		}
	}
	return nil
}

// collectLifecycleManager writes what a person would look at first.
func collectLifecycleManager(name string) {
	folder := filepath.Join(artifacts(), strings.ReplaceAll(name, "/", "-")+"-olm")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		fmt.Fprintln(os.Stderr, "collecting what failed:", err)
		return
	}
	for file, args := range map[string][]string{
		"olm-operator.log":     {"-n", lifecycleManagerNamespace, "logs", "deployment/olm-operator", "--tail=-1"},
		"catalog-operator.log": {"-n", lifecycleManagerNamespace, "logs", "deployment/catalog-operator", "--tail=-1"},
		"pods.txt":             {"get", "pods", "-A", "-o", "wide"},
		"describe.txt":         {"-n", lifecycleManagerNamespace, "describe", "pods,jobs"},
		"objects.yaml": {
			"get", "-A", "-o", "yaml", "catalogsources,operatorgroups,subscriptions,installplans,clusterserviceversions",
		},
		"events.txt": {"get", "events", "-A", "--sort-by=.lastTimestamp"},
	} {
		// What is not there says so in its file.
		out, _ := kubectl(args...).CombinedOutput()
		if err := os.WriteFile(filepath.Join(folder, file), out, 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "collecting what failed:", err)
		}
	}
	fmt.Fprintf(os.Stderr, "what was left of the lifecycle manager is in %s\n", folder)
}

// serve serves a catalog from a pod, and gives its address. The lifecycle manager would
// make such a pod itself, and then look for it by a name that no node resolves
// without DNS.
func (m lifecycleManager) serve(t *testing.T, name, catalog string) string {
	t.Helper()
	reference, err := image.Push(t.Context(), os.Getenv(registryVariable)+"/"+name+":test", image.Image{
		Files: map[string]string{"/bin/opm": m.files["/bin/opm"], "/configs": catalog}, User: "1001:1001",
	})
	require.NoError(t, err)
	labels := map[string]string{"catalog": name}
	for _, object := range []client.Object{
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: lifecycleManagerNamespace, Name: name, Labels: labels},
			Spec: corev1.PodSpec{
				Containers: []corev1.Container{{
					Name: "catalog", Image: reference,
					Command:      []string{"/bin/opm", "serve", "/configs"},
					VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}},
				}},
				Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			},
		},
		&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: lifecycleManagerNamespace, Name: name},
			Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: catalogPort}}},
		},
	} {
		require.NoError(t, suite.Client.Create(t.Context(), object))
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: lifecycleManagerNamespace, Name: name}}
	suite.Refresh(t, service)
	return fmt.Sprintf("%s:%d", service.Spec.ClusterIP, catalogPort)
}

// offer makes the catalog at the address the one that subscriptions take, in place of the
// one before.
func offer(t *testing.T, address string) {
	t.Helper()
	source := &operatorsv1alpha1.CatalogSource{
		TypeMeta:   metav1.TypeMeta{APIVersion: operatorsv1alpha1.SchemeGroupVersion.String(), Kind: operatorsv1alpha1.CatalogSourceKind},
		ObjectMeta: metav1.ObjectMeta{Namespace: lifecycleManagerNamespace, Name: catalogName},
		Spec: operatorsv1alpha1.CatalogSourceSpec{
			SourceType: operatorsv1alpha1.SourceTypeGrpc, Address: address, DisplayName: "Barq DB",
		},
	}
	manifest, err := yaml.Marshal(source)
	require.NoError(t, err)
	command := kubectl("apply", "--server-side", "-f", "-")
	command.Stdin = strings.NewReader(string(manifest))
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
}

// subscription is an installation of the operator by the lifecycle manager.
type subscription struct {
	namespace string
	// env is what the Subscription adds to the environment of the operator.
	env []corev1.EnvVar
}

// newSubscription makes a namespace for the operator. What is installed there is taken
// away after the test, before the namespace.
func newSubscription(t *testing.T) subscription {
	t.Helper()
	s := subscription{namespace: newNamespace(t), env: []corev1.EnvVar{{Name: "RELATED_IMAGE_BARQ_AGENT", Value: images.agent}}}
	t.Cleanup(func() {
		if t.Failed() {
			collectLifecycleManager(t.Name())
		}
		if err := s.remove(); err != nil {
			t.Errorf("removing the operator from %s: %v", s.namespace, err)
		}
	})
	return s
}

// create subscribes to a channel, for the target namespaces, or all if there are none.
func (s subscription) create(t *testing.T, channel string, targets ...string) {
	t.Helper()
	require.NoError(t, suite.Client.Create(t.Context(), &operatorsv1.OperatorGroup{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "databases"},
		Spec:       operatorsv1.OperatorGroupSpec{TargetNamespaces: targets},
	}))
	require.NoError(t, suite.Client.Create(t.Context(), &operatorsv1alpha1.Subscription{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: operatorName},
		Spec: &operatorsv1alpha1.SubscriptionSpec{
			CatalogSource: catalogName, CatalogSourceNamespace: lifecycleManagerNamespace,
			Package: operatorName, Channel: channel,
			Config: &operatorsv1alpha1.SubscriptionConfig{Env: s.env},
		},
	}))
}

// waitFor waits until a version is installed and its operator, of the given image,
// answers.
func (s subscription) waitFor(t *testing.T, version, operatorImage string) {
	t.Helper()
	csv := &operatorsv1alpha1.ClusterServiceVersion{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: operatorName + ".v" + version}}
	suite.Eventually(t, func() string {
		if err := suite.Client.Get(t.Context(), client.ObjectKeyFromObject(csv), csv); err != nil {
			return err.Error()
		}
		if csv.Status.Phase != operatorsv1alpha1.CSVPhaseSucceeded {
			return fmt.Sprintf("%s is %s: %s: %s", csv.Name, csv.Status.Phase, csv.Status.Reason, csv.Status.Message)
		}
		return ""
	})
	suite.Eventually(t, func() string {
		var pods corev1.PodList
		require.NoError(t, suite.Client.List(t.Context(), &pods, client.InNamespace(s.namespace),
			client.MatchingLabels{"app.kubernetes.io/component": "manager"}))
		if len(pods.Items) == 1 && pods.Items[0].Spec.Containers[0].Image == operatorImage && pods.Items[0].Status.Phase == corev1.PodRunning {
			return ""
		}
		return fmt.Sprintf("pods of the operator: %+v", pods.Items)
	})
}

// remove takes the operator away as a person does, and its BarqClusters before, because
// no operator would finish their deletion afterwards.
func (s subscription) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := removeClusters(ctx, s.namespace); err != nil {
		return err
	}
	return s.unsubscribe(ctx)
}

// unsubscribe deletes the Subscription and what it installed, and waits until the
// operator is gone. BarqClusters stay.
func (s subscription) unsubscribe(ctx context.Context) error {
	for _, kind := range []client.Object{&operatorsv1alpha1.Subscription{}, &operatorsv1alpha1.ClusterServiceVersion{}, &operatorsv1.OperatorGroup{}} {
		if err := suite.Client.DeleteAllOf(ctx, kind, client.InNamespace(s.namespace)); err != nil {
			return err
		}
	}
	return wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var versions operatorsv1alpha1.ClusterServiceVersionList
		if err := suite.Client.List(ctx, &versions, client.InNamespace(s.namespace)); err != nil {
			return false, err
		}
		var pods corev1.PodList
		err := suite.Client.List(ctx, &pods, client.InNamespace(s.namespace), client.MatchingLabels{"app.kubernetes.io/component": "manager"})
		return len(versions.Items) == 0 && len(pods.Items) == 0, err
	})
}
