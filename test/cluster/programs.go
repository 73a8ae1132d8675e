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
	"regexp"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/hack/programs"
)

// AssetsVariable names a directory of control plane programs that the user has,
// as envtest and its setup-envtest do.
const AssetsVariable = "KUBEBUILDER_ASSETS"

// VersionVariable chooses the Kubernetes that is built, such as 1.36.3, of those that modules pin; empty for the newest.
const VersionVariable = "KUBERNETES_VERSION"

// The modules of this repository that pin what a cluster is made of, and the
// tools that a person or a test may want beside it. Each folder of the former pins the
// Kubernetes of another version.
const (
	componentsModule = "test/cluster/components"
	toolsModule      = "hack/tools"
)

// kubernetesPrograms are those that are of the version of Kubernetes that is chosen.
var kubernetesPrograms = []string{apiServer, controllerManager, scheduler, kubectl}

const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kubectl           = "kubectl"
	kwok              = "kwok"
)

// componentPrograms returns the paths of the named programs that a cluster is made of, those of Kubernetes in the version that
// KUBERNETES_VERSION chooses.
func componentPrograms(ctx context.Context, realNode bool, out io.Writer, names ...string) (map[string]string, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	version := os.Getenv(VersionVariable)
	chosen, err := moduleOf(root, version)
	if err != nil {
		return nil, err
	}
	if realNode && chosen != componentsModule {
		// A kubelet may not be newer than the API server.
		return nil, fmt.Errorf("%s is %q, and a real node is there for the newest version only: unset it", VersionVariable, version)
	}
	isKubernetes := func(name string) bool { return slices.Contains(kubernetesPrograms, name) }
	others, err := findPrograms(ctx, componentsModule, out, slices.DeleteFunc(slices.Clone(names), isKubernetes)...)
	if err != nil {
		return nil, err
	}
	found, err := findPrograms(ctx, chosen, out, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isKubernetes(name) })...)
	if err != nil {
		return nil, err
	}
	maps.Copy(found, others)
	return found, nil
}

// moduleOf returns the module that pins a version of Kubernetes, which is written without v; empty for the newest.
func moduleOf(root, version string) (string, error) {
	if version == "" {
		return componentsModule, nil
	}
	pinned, err := pinnedVersions(root)
	if err != nil {
		return "", err
	}
	module, ok := pinned[version]
	if !ok {
		return "", fmt.Errorf("%s is %q, which no module pins: write one of %s, or pin it as docs/test-cluster.md says",
			VersionVariable, version, strings.Join(slices.Sorted(maps.Keys(pinned)), ", "))
	}
	return module, nil
}

// kubernetesPattern finds the version of Kubernetes in a go.mod.
var kubernetesPattern = regexp.MustCompile(`(?m)^(?:require)?\s+k8s\.io/kubernetes v(\S+)`)

// pinnedVersions returns the modules that pin a Kubernetes by the version of it.
func pinnedVersions(root string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(root, componentsModule, "*", "go.mod"))
	if err != nil {
		return nil, err
	}
	pinned := map[string]string{}
	for _, file := range append(files, filepath.Join(root, componentsModule, "go.mod")) {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		version := kubernetesPattern.FindSubmatch(data)
		if version == nil {
			return nil, fmt.Errorf("%s requires no k8s.io/kubernetes", file)
		}
		module, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		pinned[string(version[1])] = module
	}
	return pinned, nil
}

// findPrograms returns the paths of the named programs: those that the user has in
// KUBEBUILDER_ASSETS, and from the cache, built where needed, all others.
func findPrograms(ctx context.Context, module string, out io.Writer, names ...string) (map[string]string, error) {
	found, missing, err := splitByAssets(os.Getenv(AssetsVariable), names)
	if err != nil || len(missing) == 0 {
		return found, err
	}
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		_, _ = fmt.Fprintf(out, "from %s: %s; not there, so from the cache: %s\n",
			AssetsVariable, strings.Join(slices.Sorted(maps.Keys(found)), ", "), strings.Join(missing, ", "))
	}
	built, err := programs.Build(ctx, filepath.Join(root, module), out, missing...)
	if err != nil {
		return nil, err
	}
	maps.Copy(found, built)
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
		return nil, nil, fmt.Errorf("%s is %q, which is not a directory: unset it or make it one", AssetsVariable, assets)
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
