package release

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"github.com/operator-framework/helm-operator-plugins/pkg/reconciler"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/helm/releasetest"
	"github.com/barq-db/barq-operator/internal/watches"
)

// helmLibrary has the library's reconciler, and notes in which order it calls what the operator puts at its plug points.
type helmLibrary struct {
	calls []string
	// stored is the newest revision; nil while there is none. rendered is the manifest that the chart renders.
	stored   *release.Release
	rendered string
	paused   bool
	// unseen is the error of the first Get of a reconcile, and failure that of the call with this name.
	unseen  error
	failure map[string]error
	gets    int
}

func (l *helmLibrary) note(call string) error {
	l.calls = append(l.calls, call)
	return l.failure[call]
}

// ActionClientFor begins a session.
func (l *helmLibrary) ActionClientFor(context.Context, client.Object) (helmclient.ActionInterface, error) {
	l.gets = 0
	return actions{helmLibrary: l}, l.note("ActionClientFor")
}

// Translate returns no values.
func (l *helmLibrary) Translate(context.Context, *unstructured.Unstructured) (chartutil.Values, error) {
	return chartutil.Values{}, l.note("Translate")
}

func (l *helmLibrary) pauses(context.Context, *unstructured.Unstructured) (bool, error) {
	return l.paused, l.note("is it paused")
}

// Exec is the hook at the end.
func (l *helmLibrary) Exec(_ *unstructured.Unstructured, made release.Release, _ logr.Logger) error {
	return l.note(fmt.Sprintf("post hook of revision %d", made.Version))
}

// actions are those of a session.
type actions struct {
	helmclient.ActionInterface
	*helmLibrary
}

func (a actions) Get(string, ...helmclient.GetOption) (*release.Release, error) {
	a.gets++
	if err := a.note("Get"); err != nil {
		return nil, err
	}
	if a.gets == 1 && a.unseen != nil {
		return nil, a.unseen
	}
	if a.stored == nil {
		return nil, driver.ErrReleaseNotFound
	}
	return a.stored, nil
}

func (a actions) Install(string, string, *chart.Chart, map[string]any, ...helmclient.InstallOption) (*release.Release, error) {
	return a.make("Install", 1)
}

func (a actions) Upgrade(_, _ string, _ *chart.Chart, _ map[string]any, opts ...helmclient.UpgradeOption) (*release.Release, error) {
	asked := &action.Upgrade{}
	for _, opt := range opts {
		if err := opt(asked); err != nil {
			return nil, err
		}
	}
	if asked.DryRun {
		return &release.Release{Manifest: a.rendered}, a.note("Upgrade that only renders")
	}
	return a.make("Upgrade", a.stored.Version+1)
}

func (l *helmLibrary) make(call string, version int) (*release.Release, error) {
	if err := l.note(call); err != nil {
		return nil, err
	}
	l.stored = &release.Release{Name: "vectors", Version: version, Manifest: l.rendered, Info: &release.Info{Status: release.StatusDeployed}}
	return l.stored, nil
}

func (a actions) Reconcile(found *release.Release) error {
	return a.note(fmt.Sprintf("Reconcile revision %d", found.Version))
}

func (a actions) Uninstall(string, ...helmclient.UninstallOption) (*release.UninstallReleaseResponse, error) {
	if err := a.note("Uninstall"); err != nil {
		return nil, err
	}
	return &release.UninstallReleaseResponse{Release: a.stored}, nil
}

// writing notes how the library writes a BarqCluster.
type writing struct {
	client.Client
	*helmLibrary
}

// Get notes the first read of a reconcile. How often the library looks for the end of a deletion depends on time.
func (w writing) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	if len(w.calls) == 0 {
		_ = w.note("read the BarqCluster")
	}
	return w.Client.Get(ctx, key, object, opts...)
}

func (w writing) Update(ctx context.Context, object client.Object, opts ...client.UpdateOption) error {
	_ = w.note(fmt.Sprintf("write finalizers %v", object.GetFinalizers()))
	return w.Client.Update(ctx, object, opts...)
}

func (w writing) Status() client.SubResourceWriter {
	return statusWriting{w.Client.Status(), w.helmLibrary}
}

type statusWriting struct {
	client.SubResourceWriter
	*helmLibrary
}

func (w statusWriting) Update(ctx context.Context, object client.Object, opts ...client.SubResourceUpdateOption) error {
	var cluster v1alpha1.BarqCluster
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.(*unstructured.Unstructured).Object, &cluster); err != nil {
		return err
	}
	var says []string
	for _, condition := range cluster.Status.Conditions {
		says = append(says, strings.TrimSpace(fmt.Sprintf("%s %s %s", condition.Type, condition.Status, condition.Reason)))
	}
	slices.Sort(says)
	if cluster.Status.DeployedRelease != nil {
		says = append(says, "release "+cluster.Status.DeployedRelease.Name)
	}
	_ = w.note("write status: " + strings.Join(says, ", "))
	return w.SubResourceWriter.Update(ctx, object, opts...)
}

// newLibrary returns the reconciler with the operator's options, over the BarqCluster team/vectors.
func newLibrary(t *testing.T) (*helmLibrary, *reconciler.Reconciler, client.Client) {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	cluster := &v1alpha1.BarqCluster{}
	cluster.Namespace, cluster.Name = "team", "vectors"
	server := fake.NewClientBuilder().WithScheme(scheme).WithObjects(cluster).WithStatusSubresource(cluster).Build()
	mgr, err := ctrl.NewManager(&rest.Config{Host: "http://localhost:1"}, ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) {
			return testrestmapper.TestOnlyStaticRESTMapper(scheme), nil
		},
	})
	require.NoError(t, err)
	noted := &helmLibrary{rendered: "one", failure: map[string]error{}}
	watch := &watches.Watch{GroupVersionKind: v1alpha1.BarqClusterKind, Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "barq-db"}}}
	settings := append(options(watch, noted, noted, writing{server, noted}),
		reconciler.WithPauseReconcileHandler(noted.pauses), reconciler.WithPostHook(noted))
	made, err := newReconciler(mgr, settings)
	require.NoError(t, err)
	return noted, made, server
}

// Another version of the library may call the operator in another order. What the operator assumes of the order is
// listed in the documentation of package session.
func TestTheOrderOfCallsOfTheLibrary(t *testing.T) {
	says := func(deployed, irreconcilable, failed string) string {
		return fmt.Sprintf("write status: Deployed %s, Initialized True, Irreconcilable %s, Paused False, ReleaseFailed %s", deployed, irreconcilable, failed)
	}
	const (
		finalizer = "write finalizers [uninstall-helm-release]"
		named     = ", release vectors"
	)
	installed := says("True InstallSuccessful", "False", "False") + named
	upgraded := says("True UpgradeSuccessful", "False", "False") + named
	stuck := says("True UpgradeSuccessful", "True ReconcileError", "True UninstallError") + named
	begins := []string{"read the BarqCluster", "is it paused", "ActionClientFor", "Get"}
	renders := append(slices.Clone(begins), "Translate", "Get", "Upgrade that only renders")
	after := func(first []string, then ...string) []string { return append(slices.Clone(first), then...) }

	noted, made, server := newLibrary(t)
	for _, step := range []struct {
		name  string
		given func()
		want  []string
		fails bool
	}{
		{
			name: "an install", given: func() {},
			want: []string{
				"read the BarqCluster", finalizer, "is it paused", "ActionClientFor", "Get", "Translate", "Get", "Install", "post hook of revision 1",
				installed,
			},
		},
		{
			// The API server drops the manifest, so the status differs each time.
			name: "nothing to do", given: func() {},
			want: after(renders, "Reconcile revision 1", "post hook of revision 1", installed),
		},
		{
			name: "a release that the status must not name yet", given: func() { noted.unseen = errors.New("not taken over") },
			want: after(renders, "Reconcile revision 1", "post hook of revision 1", installed),
		},
		{
			name: "drift that cannot be reverted", fails: true,
			given: func() { noted.failure["Reconcile revision 1"] = errors.New("refused") },
			want:  after(renders, "Reconcile revision 1", says("True InstallSuccessful", "True ReconcileError", "False")+named),
		},
		{
			name: "an upgrade", given: func() { noted.rendered = "two" },
			want: after(renders, "Get", "Upgrade", "post hook of revision 2", upgraded),
		},
		{
			name: "an upgrade that fails", fails: true,
			given: func() { noted.rendered, noted.failure["Upgrade"] = "three", errors.New("refused") },
			want:  after(renders, "Get", "Upgrade", says("True UpgradeSuccessful", "True ReconcileError", "True UpgradeError")+named),
		},
		{
			name: "the same manifest after a failed revision",
			given: func() {
				noted.rendered, noted.stored.Info.Status = "two", release.StatusFailed
			},
			want: after(renders, "Get", "Upgrade", "post hook of revision 3", upgraded),
		},
		{
			name: "a Secret that is missing", fails: true, given: func() { noted.failure["Translate"] = errors.New("held back") },
			want: after(begins, "Translate", says("True UpgradeSuccessful", "True ErrorGettingValues", "Unknown")+named),
		},
		{
			name: "a pause", given: func() { noted.paused = true },
			want: []string{
				"read the BarqCluster", "is it paused",
				"write status: Deployed Unknown, Initialized Unknown, Irreconcilable Unknown, Paused True PauseReconcileAnnotationTrue, ReleaseFailed Unknown",
			},
		},
		{
			name: "the end of the pause", given: func() {},
			want: after(renders, "Reconcile revision 3", "post hook of revision 3", upgraded),
		},
		{
			name: "an uninstall that fails", fails: true,
			given: func() {
				require.NoError(t, server.Delete(t.Context(), releasetest.Cluster()))
				noted.failure["Uninstall"] = errors.New("refused")
			},
			want: after(begins, "Uninstall", stuck, stuck),
		},
		{
			name: "an uninstall", given: func() {},
			want: after(begins, "Uninstall", says("False UninstallSuccessful", "True ReconcileError", "False"), "write finalizers []"),
		},
	} {
		t.Run(step.name, func(t *testing.T) {
			noted.calls, noted.paused, noted.unseen, noted.failure = nil, false, nil, map[string]error{}
			step.given()
			_, err := made.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "team", Name: "vectors"}})
			require.Equal(t, step.want, noted.calls)
			require.Equal(t, step.fails, err != nil, err)
		})
	}
}
