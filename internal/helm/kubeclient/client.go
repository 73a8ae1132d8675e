package kubeclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/apply"
	"github.com/barq-db/barq-operator/internal/clusters"
	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// Configs return Helm's configuration with the operator's client.
type Configs struct {
	helmclient.ActionConfigGetter
	// Objects finds what a BarqCluster owns.
	Objects *owned.Objects
	// StatefulSets records the versions of the StatefulSets that the client writes.
	StatefulSets *clusters.Versions
	Repairs      *Repairs
	// Facts are those of the reconcile.
	Facts *Facts
}

// ActionConfigFor returns Helm's configuration for one BarqCluster.
func (d *Configs) ActionConfigFor(ctx context.Context, object client.Object) (*action.Configuration, error) {
	config, err := d.ActionConfigGetter.ActionConfigFor(ctx, object)
	if err != nil {
		return nil, err
	}
	if helm, ok := config.KubeClient.(*kube.Client); ok {
		config.KubeClient = &Client{
			Client: helm, ctx: ctx, cluster: object, objects: d.Objects, facts: d.Facts, statefulSets: d.StatefulSets, repairs: d.Repairs,
			built: map[string]kube.ResourceList{},
		}
	}
	return config, nil
}

// Client is Helm's client for one reconcile of one BarqCluster. It writes only objects that are absent, that the
// BarqCluster controls, or that carry Helm's marks of its release and have no controller. It deletes only what the
// BarqCluster controls, whatever the manifest of an earlier revision says. Helm's own client asks for the API server's
// version before each action; this one does not.
type Client struct {
	*kube.Client
	// ctx is that of the reconcile: Helm passes none on.
	ctx context.Context
	// cluster is the BarqCluster of the release.
	cluster      client.Object
	objects      *owned.Objects
	facts        *Facts
	statefulSets *clusters.Versions
	repairs      *Repairs
	// built has the objects that were read from manifests. One upgrade reads the former and the next manifest three
	// times each.
	built map[string]kube.ResourceList
}

// IsReachable asks nothing: the first request finds out.
func (c *Client) IsReachable() error { return nil }

// Build reads the objects of a manifest, and adds the marks by which Helm recognizes an object of a release. Helm adds
// them only when it installs and upgrades, so an object that was deleted by hand would come back without them. If the
// release were lost too, Helm would take that object for another owner's and refuse to go on.
func (c *Client) Build(manifest io.Reader, validate bool) (kube.ResourceList, error) {
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
		annotations[owned.ReleaseNameAnnotation], annotations[owned.ReleaseNamespaceAnnotation] = c.cluster.GetName(), c.cluster.GetNamespace()
		object.SetAnnotations(annotations)
	}
	c.built[string(content)] = copies(built)
	return built, nil
}

// Mark puts into each object the digest of what is rendered. The digest is not in the manifest: with it, the manifest
// would differ from that of every stored release.
func Mark(objects kube.ResourceList) error {
	for _, info := range objects {
		if rendered, ok := info.Object.(*unstructured.Unstructured); ok {
			if err := apply.Mark(rendered); err != nil {
				return err
			}
		}
	}
	return nil
}

// copies returns copies of objects, because Helm changes the objects that it gets.
func copies(resources kube.ResourceList) kube.ResourceList {
	made := make(kube.ResourceList, len(resources))
	for i, info := range resources {
		copied := *info
		copied.Object = info.Object.DeepCopyObject()
		made[i] = &copied
	}
	return made
}

// Create creates objects, and notes their versions, or that one of them existed already.
func (c *Client) Create(resources kube.ResourceList) (*kube.Result, error) {
	if err := Mark(resources); err != nil {
		return nil, err
	}
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
	versions, err := owned.VersionsMade(asked, resources)
	c.facts.noteMade(versions)
	return made, err
}

// Update creates and applies the objects of target, and deletes what else the BarqCluster controls. original lists the
// objects in the manifest of an earlier revision. It only saves requests, for objects that keep all fields.
func (c *Client) Update(original, target kube.ResourceList, _ bool) (*kube.Result, error) {
	c.facts.changed = true
	result := &kube.Result{}
	if err := errors.Join(Mark(original), Mark(target)); err != nil {
		return result, err
	}
	for _, wanted := range target {
		written, err := c.converge(wanted, claimer{former: original.Get(wanted), scope: apply.Everything})
		if written != untouched || err != nil {
			c.note(kube.ResourceList{wanted}, err)
		}
		if err != nil {
			return result, err
		}
		switch written {
		case created:
			result.Created = append(result.Created, wanted)
		case applied:
			result.Updated = append(result.Updated, wanted)
		case untouched:
		}
	}
	return result, c.objects.DeleteOthers(c.ctx, c.cluster, target, original)
}

// Repair does the same for objects that were changed since they were applied. If the API server refuses one, it goes on
// with the others.
func (c *Client) Repair(target kube.ResourceList) error {
	c.facts.changed = true
	if err := Mark(target); err != nil {
		return err
	}
	var refused []error
	for _, wanted := range target {
		written, err := c.converge(wanted, claimer{scope: apply.WithoutTemplate})
		if written != untouched || err != nil {
			c.note(kube.ResourceList{wanted}, err)
		}
		if err != nil {
			refused = append(refused, err)
		}
	}
	if len(refused) > 0 {
		return errors.Join(refused...)
	}
	return c.objects.DeleteOthers(c.ctx, c.cluster, target, nil)
}

// outcome is what converge has done to an object.
type outcome int

const (
	untouched outcome = iota
	created
	applied
)

// claimer says which fields an apply claims first.
type claimer struct {
	// former is the object as the earlier revision has it; nil if there is none.
	former *resource.Info
	scope  apply.Scope
}

// converge creates or applies an object, unless it is already as wanted.
func (c *Client) converge(wanted *resource.Info, claims claimer) (outcome, error) {
	live, err := CurrentOf(wanted)
	if err != nil {
		return untouched, err
	}
	if live == nil {
		_, err := c.Client.Create(kube.ResourceList{wanted})
		if c.noteConflict(err); err != nil {
			return untouched, fmt.Errorf("failed to create resource: %w", err)
		}
		return created, nil
	}
	if err := owned.MayWrite(live, wanted, c.cluster); err != nil {
		return untouched, err
	}
	same, err := matches(live, wanted)
	if err == nil && !same && claims.scope == apply.WithoutTemplate {
		// Another object caused this repair, or the cache does not show this one yet.
		same, err = c.repairs.tolerates(c.cluster, wanted, live)
	}
	if same || err != nil {
		return untouched, err
	}
	return c.write(live, wanted, claims)
}

// write applies an object that exists and is not as wanted. It counts each revert of what others write, and delays
// further ones.
func (c *Client) write(live metav1.Object, wanted *resource.Info, claims claimer) (outcome, error) {
	repairs := claims.scope == apply.WithoutTemplate && reverts(live, wanted)
	if repairs {
		if err := c.beginsRepair(wanted, live); err != nil {
			return untouched, err
		}
	}
	if err := c.claim(live, wanted, claims); err != nil {
		return untouched, err
	}
	made, err := c.apply(live, wanted)
	if err != nil {
		return untouched, err
	}
	if repairs {
		if err := c.repairs.note(c.cluster, wanted, live); err != nil {
			return applied, err
		}
	}
	// Afterwards wanted has the state that the API server returned.
	if err := c.repairs.tolerate(c.cluster, wanted, made); err != nil {
		return applied, err
	}
	return applied, wanted.Refresh(made, true)
}

// reverts reports whether an apply undoes what another writer has done. One that only completes an interrupted apply
// does not. A writer with a manifest of its own removes the digest, or writes an old one.
func reverts(live metav1.Object, wanted *resource.Info) bool {
	digest := apply.Digest(live)
	return digest == "" || digest == digestOf(wanted) || len(apply.StateOf(wanted.Mapping.GroupVersionKind.Kind, live).Writers) > 0
}

// beginsRepair returns an error while a repair has to wait, and notes why the repair replaces pods.
func (c *Client) beginsRepair(wanted *resource.Info, live metav1.Object) error {
	err := c.repairs.wait(c.cluster, wanted, live)
	if err == nil && wanted.Mapping.GroupVersionKind == owned.StatefulSetKind {
		c.facts.Cause, err = causeOfRepair(live)
	}
	return err
}

// Try does the same as converge in a dry run; the API server stores only the claims. It returns what an existing object
// would become. It returns nil if there is no object, or if it is as wanted.
func (c *Client) Try(wanted *resource.Info, former *resource.Info) (*unstructured.Unstructured, error) {
	live, err := CurrentOf(wanted)
	if err != nil {
		return nil, err
	}
	if live == nil {
		err := c.objects.Writer.Create(c.ctx, wanted.Object.DeepCopyObject().(client.Object), client.DryRunAll, client.FieldOwner(apply.Manager))
		// The cache may not show an object that exists. Create finds it.
		if apierrors.IsAlreadyExists(err) {
			return nil, nil
		}
		return nil, err
	}
	same, err := matches(live, wanted)
	if same || err != nil {
		return nil, err
	}
	if err := c.claim(live, wanted, claimer{former: former, scope: apply.Everything}); err != nil {
		return nil, err
	}
	return c.apply(live, wanted, client.DryRunAll)
}

// apply applies an object, if it still has the UID of the live one.
func (c *Client) apply(live metav1.Object, wanted *resource.Info, options ...client.ApplyOption) (*unstructured.Unstructured, error) {
	object := wanted.Object.DeepCopyObject().(*unstructured.Unstructured)
	object.SetUID(live.GetUID())
	if wanted.Mapping.GroupVersionKind == owned.StatefulSetKind {
		if err := noteCause(object, live, c.facts.Cause); err != nil {
			return nil, err
		}
	}
	err := c.objects.Writer.Apply(c.ctx, client.ApplyConfigurationFromUnstructured(object),
		append(options, client.FieldOwner(apply.Manager), client.ForceOwnership)...)
	return object, err
}

// claim takes over the fields that an apply would not remove, if the object may have such fields.
func (c *Client) claim(live metav1.Object, wanted *resource.Info, claims claimer) error {
	kind := wanted.Mapping.GroupVersionKind
	if !needsClaim(apply.StateOf(kind.Kind, live), live, wanted, claims) {
		return nil
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(kind)
	if err := c.objects.Live.Get(c.ctx, client.ObjectKey{Namespace: wanted.Namespace, Name: wanted.Name}, object); err != nil {
		return err
	}
	if err := owned.MayWrite(object, wanted, c.cluster); err != nil {
		return err
	}
	patch, err := apply.Claim(kind.Kind, object, claims.scope)
	if patch == nil || err != nil {
		return err
	}
	return c.objects.Writer.Patch(c.ctx, object, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(apply.Manager))
}

// needsClaim reports whether an object may have fields that the next apply would not remove. Fields from its creation
// need no claim while the manifest keeps them all, so an edit that removes none saves the requests.
func needsClaim(state apply.State, live metav1.Object, wanted *resource.Info, claims claimer) bool {
	switch digest := apply.Digest(live); {
	case state.Added || digest == "":
		return true
	case !state.Created:
		return false
	case state.Helm || claims.former == nil:
		return claims.scope == apply.Everything
	default:
		before, after := claims.former.Object.(*unstructured.Unstructured), wanted.Object.(*unstructured.Unstructured)
		return apply.Digest(before) != digest || !apply.Keeps(after.Object, before.Object)
	}
}

// Delete deletes nothing: that a manifest lists an object does not say who owns it.
func (c *Client) Delete(kube.ResourceList) (*kube.Result, []error) {
	return nil, []error{errors.New("this client deletes objects by their owner and not by a manifest")}
}

// DeleteWithPropagationPolicy deletes nothing, for the same reason.
func (c *Client) DeleteWithPropagationPolicy(resources kube.ResourceList, _ metav1.DeletionPropagation) (*kube.Result, []error) {
	return c.Delete(resources)
}

// note records the versions of resources after a write. err is the error of that write.
func (c *Client) note(resources kube.ResourceList, err error) {
	c.noteConflict(err)
	for _, written := range resources {
		if written.Mapping.GroupVersionKind != owned.StatefulSetKind {
			continue
		}
		version := written.ResourceVersion
		if err != nil {
			version = ""
		}
		c.statefulSets.Wrote(client.ObjectKey{Namespace: written.Namespace, Name: written.Name}, version)
	}
}

func (c *Client) noteConflict(err error) {
	c.facts.Conflicted = c.facts.Conflicted || slices.ContainsFunc(errorsIn(err), apierrors.IsAlreadyExists)
}

// errorsIn returns the errors that Helm has joined, one for each object.
func errorsIn(err error) []error {
	if joined, ok := err.(interface{ WrappedErrors() []error }); ok {
		return joined.WrappedErrors()
	}
	return []error{err}
}
