package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/barq-db/barq-operator/hack/programs/programcache"
)

// findKubectl gives the path of kubectl: the test cluster's, else the one that the person
// has, else one that is built.
func (d *demo) findKubectl(ctx context.Context) (string, error) {
	if linked := filepath.Join(d.directory.clusterBin(), "kubectl"); isThere(linked) {
		return linked, nil
	}
	if theirs, err := exec.LookPath("kubectl"); err == nil {
		return theirs, nil
	}
	module, err := programcache.Open(ctx, "test/cluster/components")
	if err != nil {
		return "", err
	}
	cache, err := programcache.DefaultDir()
	if err != nil {
		return "", err
	}
	built, err := module.Build(ctx, cache, d.out, "kubectl")
	if err != nil {
		return "", err
	}
	return built[0], nil
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
