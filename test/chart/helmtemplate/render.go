package helmtemplate

import (
	"io"

	"helm.sh/helm/v3/pkg/action"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// KubeVersion stands in for the cluster's: Helm's library, unlike its program,
// takes one far too old for granted.
var KubeVersion = chartutil.KubeVersion{Version: "v1.36.3", Major: "1", Minor: "36"}

// Render installs a release without a cluster. The schema is checked on the way, as
// it is by every way to install. The cluster that is not there has Kubernetes' own APIs and the
// given ones. Rendering may change the chart.
func Render(chart *helmchart.Chart, name, namespace string, values map[string]any, apis ...string) (*release.Release, error) {
	install := action.NewInstall(&action.Configuration{
		Releases:   storage.Init(driver.NewMemory()),
		KubeClient: &kubefake.PrintingKubeClient{Out: io.Discard},
		Log:        func(string, ...any) {},
	})
	install.ClientOnly = true
	install.DryRun = true
	install.Replace = true
	install.ReleaseName = name
	install.Namespace = namespace
	install.KubeVersion = &KubeVersion
	install.APIVersions = apis
	return install.Run(chart, values)
}
