package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/hack/image"
	"github.com/barq-db/barq-operator/hack/image/programimage"
	"github.com/barq-db/barq-operator/test/e2e/manifests"
	"github.com/barq-db/barq-operator/test/e2e/serverimage"
)

// Environment that says what is shown, and on what.
const (
	// ownNode is set on a node that is this machine.
	ownNode = "BARQ_E2E_NODE"
	// registryVariable is where to push images to, from which the nodes pull.
	registryVariable = "BARQ_E2E_REGISTRY"
	// The paths of programs to pack, where there is such a registry.
	operatorProgram, agentProgram, serverProgram = "BARQ_OPERATOR_BIN", "BARQ_AGENT_BIN", "BARQ_SERVER_BIN"
	// The images to take where there is none. Without the last it is the one of config/default.
	operatorImage, agentImage, databaseImage = "IMG", "AGENT_IMG", "DATABASE_IMG"
)

// sample is what the demo applies.
const sample = "hack/demo/digits.yaml"

// markDemo is an annotation of the operator's namespace where the demo has made it.
const markDemo manifests.Mark = "demo.barq.db/installed"

// install installs the operator, unless the cluster has one that is not the demo's.
func (d *demo) install(ctx context.Context) error {
	if err := d.requireOwnOperator(ctx); err != nil {
		return err
	}
	images, err := d.images(ctx)
	if err != nil {
		return err
	}
	d.progress("kubectl apply --server-side -k config/default, with these images")
	if err := manifests.Install(ctx, d.root, images, markDemo); err != nil {
		return err
	}
	d.progress("the operator answers")
	return nil
}

// images packs what was built, or takes what the environment names.
func (d *demo) images(ctx context.Context) (manifests.Images, error) {
	registry := os.Getenv(registryVariable)
	if registry == "" {
		images := manifests.Images{Operator: os.Getenv(operatorImage), Agent: os.Getenv(agentImage), Database: os.Getenv(databaseImage)}
		if images.Operator == "" || images.Agent == "" {
			return images, fmt.Errorf("this cluster needs images: name those of this checkout in %s and %s (make docker-build agent-docker-build), "+
				"and in %s one of Barq DB; or name a registry in %s, to which this machine can push and from which the nodes pull",
				operatorImage, agentImage, databaseImage, registryVariable)
		}
		return images, nil
	}
	database, err := serverimage.Of(os.Getenv(serverProgram), nil)
	if err != nil {
		return manifests.Images{}, err
	}
	var images manifests.Images
	for _, each := range []struct {
		target  *string
		tag     string
		content image.Image
	}{
		{&images.Operator, "barq-operator:demo", programimage.Operator.Content(d.root, os.Getenv(operatorProgram))},
		{&images.Agent, "barq-agent:demo", programimage.Agent.Content(d.root, os.Getenv(agentProgram))},
		{&images.Database, "barq-db:demo", database},
	} {
		d.progress("packing the image %s", each.tag)
		if *each.target, err = image.Push(ctx, registry+"/"+each.tag, each.content); err != nil {
			return images, err
		}
	}
	return images, nil
}

// requireOwnOperator protects the databases of an operator that others have installed.
func (d *demo) requireOwnOperator(ctx context.Context) error {
	owned, err := d.ownsOperator(ctx)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil && !owned {
		err = fmt.Errorf("the cluster has a namespace %s, whose operator the demo would replace; use a cluster without", manifests.Namespace)
	}
	return err
}

// ownsOperator tells whether the demo has made the namespace of the operator. One that is not there is an error.
func (d *demo) ownsOperator(ctx context.Context) (bool, error) {
	space := &corev1.Namespace{}
	err := d.client.Get(ctx, client.ObjectKey{Name: manifests.Namespace}, space)
	return space.Annotations[string(markDemo)] != "", err
}
