package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
)

// The annotations by which Helm knows an object of a release again.
const (
	releaseNameAnnotation      = "meta.helm.sh/release-name"
	releaseNamespaceAnnotation = "meta.helm.sh/release-namespace"
)

// directConfigs gives Helm a client that goes straight to work.
type directConfigs struct {
	helmclient.ActionConfigGetter
	// objects finds what a BarqCluster owns.
	objects *ownedObjects
	// statefulSets gets the versions of those that are written.
	statefulSets *clusters.Versions
}

// ActionConfigFor gives Helm's configuration for one BarqCluster.
func (d *directConfigs) ActionConfigFor(ctx context.Context, object client.Object) (*action.Configuration, error) {
	config, err := d.ActionConfigGetter.ActionConfigFor(ctx, object)
	if err != nil {
		return nil, err
	}
	if helm, ok := config.KubeClient.(*kube.Client); ok {
		config.KubeClient = &directClient{
			Client: helm, ctx: ctx, cluster: object, objects: d.objects, facts: passFactsIn(ctx), statefulSets: d.statefulSets,
			built: map[string]kube.ResourceList{},
		}
	}
	return config, nil
}

// directClient is Helm's client for one reconcile of one BarqCluster. It writes only what may be written for that one: objects that are
// absent, that the BarqCluster controls, or that carry Helm's marks of its release and have no controller. It deletes only what the
// BarqCluster controls, whatever the manifest of an earlier revision says. Unlike Helm's it does not ask for the API server's version
// before each action.
type directClient struct {
	*kube.Client
	// ctx is that of the reconcile: Helm hands none on.
	ctx context.Context
	// cluster is whose release this is.
	cluster      client.Object
	objects      *ownedObjects
	facts        *passFacts
	statefulSets *clusters.Versions
	// built has what was read of manifests. One upgrade reads the former and the next one three times each.
	built map[string]kube.ResourceList
}

// IsReachable leaves it to the first request to find out.
func (c *directClient) IsReachable() error { return nil }

// Build reads the objects of a manifest, with the marks by which Helm knows an object of a release again. Helm adds
// them only when it installs and upgrades, so an object that was deleted by hand would come back without, and if the
// release were lost too, Helm would take that object for somebody else's and refuse to go on.
func (c *directClient) Build(manifest io.Reader, validate bool) (kube.ResourceList, error) {
	content, err := io.ReadAll(manifest)
	if err != nil {
		return nil, err
	}
	if known, ok := c.built[string(content)]; ok && !validate {
		return copies(known), nil
	}
	built, err := c.Client.Build(bytes.NewReader(content), validate)
	if err != nil {
		return nil, err
	}
	for _, info := range built {
		object, err := meta.Accessor(info.Object)
		if err != nil {
			return nil, err
		}
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[releaseNameAnnotation], annotations[releaseNamespaceAnnotation] = c.cluster.GetName(), c.cluster.GetNamespace()
		object.SetAnnotations(annotations)
	}
	c.knows(string(content), built)
	return built, nil
}

// knows lets Build not read a manifest again.
func (c *directClient) knows(manifest string, objects kube.ResourceList) {
	c.built[manifest] = copies(objects)
}

// copies gives objects that can be changed, as Helm changes what it is given.
func copies(resources kube.ResourceList) kube.ResourceList {
	made := make(kube.ResourceList, len(resources))
	for i, info := range resources {
		copied := *info
		copied.Object = info.Object.DeepCopyObject()
		made[i] = &copied
	}
	return made
}

// Create makes objects, and notes what was made, or if one of them was there already.
func (c *directClient) Create(resources kube.ResourceList) (*kube.Result, error) {
	asked := make([]runtime.Object, len(resources))
	for i, info := range resources {
		asked[i] = info.Object
	}
	made, err := c.Client.Create(resources)
	c.note(resources, err)
	if err != nil {
		c.facts.changed = true
		return made, err
	}
	versions, err := versionsMade(asked, resources)
	c.facts.noteMade(versions)
	return made, err
}

// Update makes and changes the objects of target, and deletes what else the BarqCluster controls. original is what the manifest of an
// earlier revision lists. It says which fields of an object to remove, and decides nothing else.
func (c *directClient) Update(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	c.facts.changed = true
	result := &kube.Result{}
	var refused []string
	for _, wanted := range target {
		one, err := c.updateOne(original, wanted, force)
		c.note(kube.ResourceList{wanted}, err)
		switch {
		case errors.Is(err, errNotWritten):
			refused = append(refused, err.Error())
		case err != nil:
			return result, err
		default:
			result.Created, result.Updated = append(result.Created, one.Created...), append(result.Updated, one.Updated...)
		}
	}
	if len(refused) > 0 {
		return result, errors.New(strings.Join(refused, " && "))
	}
	return result, c.objects.deleteOthers(c.ctx, c.cluster, target, original)
}

// errNotWritten is the error of an object that was not written. The others are.
var errNotWritten = errors.New("not written")

// updateOne makes or changes an object.
func (c *directClient) updateOne(original kube.ResourceList, wanted *resource.Info, force bool) (*kube.Result, error) {
	live, err := currentOf(wanted)
	if err != nil {
		return nil, err
	}
	if live == nil {
		made, err := c.Client.Create(kube.ResourceList{wanted})
		if c.noteConflict(err); err != nil {
			return nil, fmt.Errorf("failed to create resource: %w", err)
		}
		return made, nil
	}
	if err := mayWrite(live, wanted, c.cluster); err != nil {
		return nil, err
	}
	base := wanted
	if before := original.Get(wanted); before != nil && c.isBase(live) {
		base = before
	}
	changed, err := c.Client.UpdateThreeWayMerge(kube.ResourceList{base}, kube.ResourceList{wanted}, force)
	if err != nil {
		return nil, notWritten{err}
	}
	return changed, nil
}

// isBase reports whether the manifest of the earlier revision may say which fields of an object to remove: the operator has signed it,
// or the object is a release's that a person has installed, and which is taken over now.
func (c *directClient) isBase(live metav1.Object) bool {
	return c.facts.believedBase || metav1.GetControllerOf(live) == nil
}

// notWritten is errNotWritten with the reason.
type notWritten struct{ error }

// Is makes it errNotWritten.
func (notWritten) Is(target error) bool { return target == errNotWritten }

// Unwrap gives the reason.
func (n notWritten) Unwrap() error { return n.error }

// Delete deletes nothing: what a manifest lists says nothing of whose it is.
func (c *directClient) Delete(kube.ResourceList) (*kube.Result, []error) {
	return nil, []error{errors.New("objects are deleted by who controls them, and not by a manifest")}
}

// DeleteWithPropagationPolicy deletes nothing either.
func (c *directClient) DeleteWithPropagationPolicy(resources kube.ResourceList, _ metav1.DeletionPropagation) (*kube.Result, []error) {
	return c.Delete(resources)
}

// note is called after resources were written, or some of them.
func (c *directClient) note(resources kube.ResourceList, err error) {
	c.noteConflict(err)
	for _, written := range resources {
		if written.Mapping.GroupVersionKind != statefulSetKind {
			continue
		}
		version := written.ResourceVersion
		if err != nil {
			version = ""
		}
		c.statefulSets.Wrote(client.ObjectKey{Namespace: written.Namespace, Name: written.Name}, version)
	}
}

func (c *directClient) noteConflict(err error) {
	c.facts.conflicted = c.facts.conflicted || slices.ContainsFunc(errorsIn(err), apierrors.IsAlreadyExists)
}

// errorsIn gives the errors that Helm has joined, one for each object.
func errorsIn(err error) []error {
	if joined, ok := err.(interface{ WrappedErrors() []error }); ok {
		return joined.WrappedErrors()
	}
	return []error{err}
}
