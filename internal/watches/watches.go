package watches

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Watch is one entry of the file.
type Watch struct {
	schema.GroupVersionKind `json:",inline"`

	// ChartPath is the directory of the chart. A relative path starts at the directory of the file.
	ChartPath string `json:"chart"`
	// WatchDependentResources makes a change of an object of the release start a reconcile, which
	// reverts the object. Required.
	WatchDependentResources bool `json:"watchDependentResources"`
	// ReconcilePeriod is the longest time between two reconciles of a BarqCluster. Required.
	ReconcilePeriod metav1.Duration `json:"reconcilePeriod"`
	// MaxConcurrentReconciles is how many BarqClusters are reconciled at a time. Required.
	MaxConcurrentReconciles int `json:"maxConcurrentReconciles"`

	// Chart is the loaded chart.
	Chart *chart.Chart `json:"-"`
}

// Load reads the file, which must have exactly one entry, for the given kind, and loads its chart.
// Unlike the library's own reader it is strict: a misspelt key is an error and not a setting without
// effect.
func Load(path string, kind schema.GroupVersionKind) (*Watch, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the watches file: %w", err)
	}
	var entries []Watch
	if err := yaml.UnmarshalStrict(content, &entries); err != nil {
		return nil, fmt.Errorf("watches file %s: %w", path, err)
	}
	if len(entries) != 1 {
		return nil, fmt.Errorf("watches file %s: has %d entries; write one, for %s", path, len(entries), kind)
	}
	watch := &entries[0]
	if err := watch.validate(kind); err != nil {
		return nil, fmt.Errorf("watches file %s: %w", path, err)
	}
	chartPath := watch.ChartPath
	if !filepath.IsAbs(chartPath) {
		chartPath = filepath.Join(filepath.Dir(path), chartPath)
	}
	watch.Chart, err = loader.LoadDir(chartPath)
	if err != nil {
		return nil, fmt.Errorf("watches file %s: chart %s: %w", path, watch.ChartPath, err)
	}
	return watch, nil
}

func (w *Watch) validate(kind schema.GroupVersionKind) error {
	var problems []error
	if w.GroupVersionKind != kind {
		problems = append(problems, fmt.Errorf("group, version, kind: must be %s, %s, %s", kind.Group, kind.Version, kind.Kind))
	}
	if w.ChartPath == "" {
		problems = append(problems, errors.New("chart: is missing; write the folder of the chart"))
	}
	if w.ReconcilePeriod.Duration < time.Second {
		problems = append(problems, errors.New("reconcilePeriod: must be at least a second; write for instance 10m"))
	}
	if w.MaxConcurrentReconciles < 1 {
		problems = append(problems, errors.New("maxConcurrentReconciles: must be at least 1"))
	}
	return errors.Join(problems...)
}
