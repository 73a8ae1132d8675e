package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/barq-db/barq-operator/hack/image"
	"github.com/barq-db/barq-operator/hack/image/programimage"
	"github.com/barq-db/barq-operator/test/e2e/serverimage"
)

// Environment that says what to test, and on what. `make e2e` sets it.
const (
	// ownNode is set on the node that `make e2e` brings up.
	ownNode = "BARQ_E2E_NODE"
	// registryVariable is where to push images to, from which the nodes pull.
	registryVariable = "BARQ_E2E_REGISTRY"
	// operatorVariable is the path of the operator's binary.
	operatorVariable = "BARQ_OPERATOR_BIN"
	// agentVariable is the path of the agent's binary.
	agentVariable = "BARQ_AGENT_BIN"
	// serverVariable is the path of a barq-server to pack.
	serverVariable = "BARQ_SERVER_BIN"
	// imageVariable is an image of Barq DB to take instead.
	imageVariable = "BARQ_IMAGE"
)

// imageReferences are the images that the tests use, all by digest.
type imageReferences struct {
	// operator is the one under test; nextOperator is the same with a chart that
	// changes the pods of every BarqCluster.
	operator, nextOperator string
	agent                  string
	// database and otherDatabase have the same files and different digests.
	database, otherDatabase string
}

// packImages packs what was built and pushes it.
func packImages(ctx context.Context) (imageReferences, error) {
	var references imageReferences
	registry := os.Getenv(registryVariable)
	if registry == "" {
		return references, fmt.Errorf("%s is empty: write a registry, as host/path, that this machine can push to and the nodes pull from", registryVariable)
	}
	folder, err := os.MkdirTemp("", "barq-e2e-images-")
	if err != nil {
		return references, err
	}
	defer func() { _ = os.RemoveAll(folder) }()

	nextChart, err := chartOfTheNextVersion(folder)
	if err != nil {
		return references, err
	}
	pushOperator := func(chart string) func(string) (string, error) {
		return func(reference string) (string, error) {
			return image.Push(ctx, reference, operatorImage(os.Getenv(operatorVariable), chart))
		}
	}
	pushDatabase := func(variant string) func(string) (string, error) {
		return func(reference string) (string, error) { return pushDatabaseImage(ctx, reference, variant) }
	}
	for _, each := range []struct {
		target *string
		tag    string
		push   func(reference string) (string, error)
	}{
		{&references.operator, "barq-operator:this", pushOperator(filepath.Join(root, "helm-charts"))},
		{&references.nextOperator, "barq-operator:next", pushOperator(nextChart)},
		{&references.agent, "barq-agent:this", func(reference string) (string, error) {
			return image.Push(ctx, reference, programimage.Agent.Content(root, os.Getenv(agentVariable)))
		}},
		{&references.database, "barq-db:one", pushDatabase("one")},
		{&references.otherDatabase, "barq-db:other", pushDatabase("other")},
	} {
		if *each.target, err = each.push(registry + "/" + each.tag); err != nil {
			return references, err
		}
	}
	return references, nil
}

// operatorImage is what is shipped, with other charts.
func operatorImage(binary, charts string) image.Image {
	content := programimage.Operator.Content(root, binary)
	content.Files["/helm-charts/barq-db"] = filepath.Join(charts, "barq-db")
	return content
}

// pushDatabaseImage pushes the image of Barq DB that is to be tested with, labelled so
// that variants differ.
func pushDatabaseImage(ctx context.Context, reference, variant string) (string, error) {
	labels := map[string]string{"variant": variant}
	if given := os.Getenv(imageVariable); given != "" {
		return image.Copy(ctx, given, reference, labels)
	}
	packed, err := serverimage.Of(os.Getenv(serverVariable), labels)
	if err != nil {
		return "", err
	}
	return image.Push(ctx, reference, packed)
}

// chartOfTheNextVersion copies the charts and adds an annotation to the pods.
func chartOfTheNextVersion(folder string) (string, error) {
	charts := filepath.Join(folder, "helm-charts")
	if err := os.CopyFS(charts, os.DirFS(filepath.Join(root, "helm-charts"))); err != nil {
		return "", err
	}
	template := filepath.Join(charts, "barq-db", "templates", "statefulset.yaml")
	content, err := os.ReadFile(template)
	if err != nil {
		return "", err
	}
	const before = "      terminationGracePeriodSeconds: {{ int .Values.terminationGracePeriodSeconds }}\n"
	changed := strings.Replace(string(content), before, strings.Replace(before, "}}", "| add 1 }}", 1), 1)
	if changed == string(content) {
		return "", fmt.Errorf("%s has no line %q to change for the next version", template, before)
	}
	return charts, os.WriteFile(template, []byte(changed), 0o600)
}
