package release

import (
	"bytes"
	"fmt"

	yaml "go.yaml.in/yaml/v2"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/postrender"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// owning makes the BarqCluster the owner of what was rendered for it. It gives the same text as the post-renderer of the
// library, which makes JSON of each object, reads that as YAML and writes it again, and after which Helm reads the whole:
// together a tenth of what an install costs. What it has written is known to Helm's client as the objects that it is.
type owning struct {
	helm  *directClient
	owner client.Object
	// library is that of the library, for what the chart does not render.
	library postrender.PostRenderer
}

// Run adds the owner.
func (o *owning) Run(rendered *bytes.Buffer) (*bytes.Buffer, error) {
	objects, err := o.helm.Build(bytes.NewReader(rendered.Bytes()), false)
	if err != nil {
		return nil, err
	}
	var written bytes.Buffer
	for _, info := range objects {
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok || !o.mayOwn(object) {
			return o.library.Run(rendered)
		}
		owner := metav1.NewControllerRef(o.owner, o.owner.GetObjectKind().GroupVersionKind())
		object.SetOwnerReferences(append(object.GetOwnerReferences(), *owner))
		content, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, fmt.Errorf("writing %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		written.WriteString("---\n")
		written.Write(content)
	}
	o.helm.knows(written.String(), objects)
	return &written, nil
}

// mayOwn tells whether an object goes with its owner. Helm's mark keeps one for ever.
func (o *owning) mayOwn(object *unstructured.Unstructured) bool {
	return object.GetNamespace() == o.owner.GetNamespace() && object.GetAnnotations()[kube.ResourcePolicyAnno] == ""
}

// owned replaces the post-renderer of the library.
func (a *actions) owned(library postrender.PostRenderer) postrender.PostRenderer {
	if helm, ok := a.Config().KubeClient.(*directClient); ok {
		return &owning{helm: helm, owner: a.cluster, library: library}
	}
	return library
}

func (a *actions) installsOwned(install *action.Install) error {
	install.PostRenderer = a.owned(install.PostRenderer)
	return nil
}

func (a *actions) upgradesOwned(upgrade *action.Upgrade) error {
	upgrade.PostRenderer = a.owned(upgrade.PostRenderer)
	return nil
}
