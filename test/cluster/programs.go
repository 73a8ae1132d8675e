package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/hack/programs/programcache"
)

// assetsVariable names a directory of control plane programs that the user has,
// as envtest and its setup-envtest do.
const assetsVariable = "KUBEBUILDER_ASSETS"

// The modules of this repository that pin what a cluster is made of, and the
// tools that a person or a test may want beside it.
const (
	componentsModule = "test/cluster/components"
	toolsModule      = "hack/tools"
)

const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kubectl           = "kubectl"
	kwok              = "kwok"
)

// programs returns the paths of the named programs: those that the user has in
// KUBEBUILDER_ASSETS, and from the cache, built where needed, all others.
func programs(ctx context.Context, module string, out io.Writer, names ...string) (map[string]string, error) {
	found, missing, err := splitByAssets(os.Getenv(assetsVariable), names)
	if err != nil || len(missing) == 0 {
		return found, err
	}
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	opened, err := programcache.Open(ctx, filepath.Join(root, module))
	if err != nil {
		return nil, err
	}
	cache, err := programcache.DefaultDir()
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		_, _ = fmt.Fprintf(out, "from %s: %s; not there, so from the cache: %s\n",
			assetsVariable, strings.Join(slices.Sorted(maps.Keys(found)), ", "), strings.Join(missing, ", "))
	}
	files, err := opened.Build(ctx, cache, out, missing...)
	if err != nil {
		return nil, err
	}
	for i, name := range missing {
		found[name] = files[i]
	}
	return found, nil
}

// splitByAssets returns the programs that are in the directory assets, and the
// names of those that are not.
func splitByAssets(assets string, names []string) (found map[string]string, missing []string, err error) {
	found = map[string]string{}
	if assets == "" {
		return found, names, nil
	}
	// Links to the programs are made elsewhere.
	assets, err = filepath.Abs(assets)
	if err != nil {
		return nil, nil, err
	}
	if info, err := os.Stat(assets); err != nil || !info.IsDir() {
		return nil, nil, fmt.Errorf("%s is %q, which is not a directory: unset it or make it one", assetsVariable, assets)
	}
	for _, name := range names {
		file := filepath.Join(assets, name)
		_, err := os.Stat(file)
		switch {
		case err == nil:
			found[name] = file
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		default:
			return nil, nil, err
		}
	}
	return found, missing, nil
}

// repositoryRoot is the checkout around the working directory: go run and go
// test, the two ways to get here, set it inside.
func repositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, componentsModule, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside a checkout that has %s", start, componentsModule)
		}
	}
}
