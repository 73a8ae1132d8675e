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

// Configs give Helm a client that goes straight to work.
type Configs struct {
	helmclient.ActionConfigGetter
	// Objects finds what a BarqCluster owns.
	Objects *owned.Objects
	// StatefulSets gets the versions of those that are written.
	StatefulSets *clusters.Versions
	Repairs      *Repairs
	// Facts are those of the reconcile.
	Facts *Facts
}

// ActionConfigFor gives Helm's configuration for one BarqCluster.
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

// Client is Helm's client for one reconcile of one BarqCluster. It writes only what may be written for that one: objects that are
// absent, that the BarqCluster controls, or that carry Helm's marks of its release and have no controller. It deletes only what the
// BarqCluster controls, whatever the manifest of an earlier revision says. Unlike Helm's it does not ask for the API server's version
// before each action.
type Client struct {
	*kube.Client
	// ctx is that of the reconcile: Helm hands none on.
	ctx context.Context
	// cluster is whose release this is.
	cluster      client.Object
	objects      *owned.Objects
	facts        *Facts
	statefulSets *clusters.Versions
	repairs      *Repairs
	// built has what was read of manifests. One upgrade reads the former and the next one three times each.
	built map[string]kube.ResourceList
}

// IsReachable leaves it to the first request to find out.
func (c *Client) IsReachable() error { return nil }

// Build reads the objects of a manifest, with the marks by which Helm knows an object of a release again. Helm adds
// them only when it installs and upgrades, so an object that was deleted by hand would come back without, and if the
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

// Mark puts into each object the digest of what is rendered. It is no part of the manifest, which would differ from that of every
// release there is.
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

// Update creates and applies the objects of target, and deletes what else the BarqCluster controls. original is what the manifest of an
// earlier revision lists. It saves requests for objects that keep all fields, and decides nothing.
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

// Repair does the same for objects that were changed since they were applied. It goes on with the others if one is refused.
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

// outcome is what became of an object.
type outcome int

const (
	untouched outcome = iota
	created
	applied
)

// claimer says what an apply claims first.
type claimer struct {
	// former is the object as the earlier revision has it; nil if there is none.
	former *resource.Info
	scope  apply.Scope
}

// converge makes an object what is wanted, unless it is already.
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
		// It is here because of another object, or the cache does not show it yet.
		same, err = c.repairs.tolerates(c.cluster, wanted, live)
	}
	if same || err != nil {
		return untouched, err
	}
	return c.write(live, wanted, claims)
}

// write applies an object that is there and not as it is wanted. Reverts of what others do to it are counted, and slow down.
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
	// Afterwards wanted is what was made.
	if err := c.repairs.tolerate(c.cluster, wanted, made); err != nil {
		return applied, err
	}
	return applied, wanted.Refresh(made, true)
}

// reverts reports whether an apply undoes what another has done, and does not only make up for one that was interrupted. Those who
// write a manifest of their own take away the digest, or put back one from another day.
func reverts(live metav1.Object, wanted *resource.Info) bool {
	digest := apply.Digest(live)
	return digest == "" || digest == digestOf(wanted) || len(apply.StateOf(wanted.Mapping.GroupVersionKind.Kind, live).Writers) > 0
}

// beginsRepair returns an error while a repair has to wait, and notes why it replaces pods.
func (c *Client) beginsRepair(wanted *resource.Info, live metav1.Object) error {
	err := c.repairs.wait(c.cluster, wanted, live)
	if err == nil && wanted.Mapping.GroupVersionKind == owned.StatefulSetKind {
		c.facts.Cause, err = causeOfRepair(live)
	}
	return err
}

// Try does the same as converge on the API server alone, which stores nothing but what is claimed. It returns what would come of an object
// that is there; nil if there is none, or if it is as it is wanted.
func (c *Client) Try(wanted *resource.Info, former *resource.Info) (*unstructured.Unstructured, error) {
	live, err := CurrentOf(wanted)
	if err != nil {
		return nil, err
	}
	if live == nil {
		err := c.objects.Writer.Create(c.ctx, wanted.Object.DeepCopyObject().(client.Object), client.DryRunAll, client.FieldOwner(apply.Manager))
		// What is there, and the cache does not show, is found when it is created.
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

// apply applies an object, if it is still the one that was looked at.
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

// claim takes over the fields of an object that an apply would not remove, if there may be any.
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

// needsClaim reports whether an object may have fields that the next apply would not remove. Those that were created with it stay where
// the manifest keeps them all, so an edit that removes none saves the requests.
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

// Delete deletes nothing: what a manifest lists says nothing of whose it is.
func (c *Client) Delete(kube.ResourceList) (*kube.Result, []error) {
	return nil, []error{errors.New("objects are deleted by who owned.Controls them, and not by a manifest")}
}

// DeleteWithPropagationPolicy deletes nothing either.
func (c *Client) DeleteWithPropagationPolicy(resources kube.ResourceList, _ metav1.DeletionPropagation) (*kube.Result, []error) {
	return c.Delete(resources)
}

// note is called after resources were written, or some of them.
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

// errorsIn gives the errors that Helm has joined, one for each object.
func errorsIn(err error) []error {
	if joined, ok := err.(interface{ WrappedErrors() []error }); ok {
		return joined.WrappedErrors()
	}
	return []error{err}
}
