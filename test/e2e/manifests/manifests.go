// Package manifests installs the operator as config/default does, with images of the caller's.
//
// What must not live here: how images are packed, and other ways to install.
package manifests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// What config/default names its things.
const (
	Namespace  = "barq-system"
	Deployment = "barq-operator"
)

// Images are what is installed.
type Images struct {
	Operator, Agent string
	// Database is the image of each BarqCluster that names none; empty for that of config/default.
	Database string
}

// Mark is an annotation of the operator's namespace that says who has installed it; empty for none.
type Mark string

// Install applies config/default of the checkout at root, and waits until the operator answers.
func Install(ctx context.Context, root string, images Images, mark Mark) error {
	overlay, err := os.MkdirTemp(filepath.Join(root, "test", "e2e"), ".install-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(overlay) }()
	kustomization, err := kustomization(images, mark)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), kustomization, 0o600); err != nil {
		return err
	}
	return kubectl(ctx,
		[]string{"apply", "--server-side", "-k", overlay},
		[]string{"-n", Namespace, "rollout", "status", "deployment/" + Deployment, "--timeout=3m"},
	)
}

// Remove deletes what Install applied, and with its CRD all BarqClusters.
func Remove(ctx context.Context, root string) error {
	return kubectl(ctx, []string{"delete", "-k", filepath.Join(root, "config", "default"), "--ignore-not-found", "--timeout=2m"})
}

// kustomization puts the images into config/default, for a folder in test/e2e.
func kustomization(images Images, mark Mark) ([]byte, error) {
	environment := []map[string]any{{"name": "RELATED_IMAGE_BARQ_AGENT", "value": images.Agent}}
	if images.Database != "" {
		environment = append(environment, map[string]any{"name": "RELATED_IMAGE_BARQ_DB", "value": images.Database})
	}
	manager := map[string]any{"name": "manager", "image": images.Operator, "env": environment}
	changes := []map[string]any{{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": Deployment, "namespace": Namespace},
		"spec":     map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{manager}}}},
	}}
	if mark != "" {
		changes = append(changes, map[string]any{
			"apiVersion": "v1", "kind": "Namespace",
			"metadata": map[string]any{"name": Namespace, "annotations": map[string]any{string(mark): "true"}},
		})
	}
	var patches []map[string]any
	for _, change := range changes {
		patch, err := yaml.Marshal(change)
		if err != nil {
			return nil, err
		}
		patches = append(patches, map[string]any{"patch": string(patch)})
	}
	return yaml.Marshal(map[string]any{"resources": []string{"../../../config/default"}, "patches": patches})
}

func kubectl(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if out, err := exec.CommandContext(ctx, "kubectl", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}
