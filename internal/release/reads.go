package release

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/clusters"
)

var statefulSetKind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")

// cachedKinds are the kinds of the chart that the operator has a cache of, by resource. Any
// other is read from the API server.
var cachedKinds = map[schema.GroupVersionResource]schema.GroupVersionKind{
	corev1.SchemeGroupVersion.WithResource("configmaps"):             corev1.SchemeGroupVersion.WithKind("ConfigMap"),
	corev1.SchemeGroupVersion.WithResource("serviceaccounts"):        corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
	corev1.SchemeGroupVersion.WithResource("services"):               corev1.SchemeGroupVersion.WithKind("Service"),
	appsv1.SchemeGroupVersion.WithResource("statefulsets"):           statefulSetKind,
	networkingv1.SchemeGroupVersion.WithResource("networkpolicies"):  networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"),
	policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"): policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"),
}

// readsFrom makes Helm read single objects from a cache. Helm reads every object of a
// release before it makes it, and up to three times before it patches it.
//
// A cache that lags behind costs no more than a pass: a patch of an object that has gone
// fails, and what is patched needlessly stays as it is. A patch that would change nothing is not sent. What the cache does not have is
// looked for on the API server, because the cache has only what carries the chart's label;
// except for a release that was never made, where the objects are made anyhow and the API
// server refuses what is there already.
func readsFrom(cache client.Reader) helmclient.ObjectToRestConfigMapper {
	return func(ctx context.Context, _ client.Object, base *rest.Config) (*rest.Config, error) {
		config := rest.CopyConfig(base)
		facts := passFactsIn(ctx)
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return &cachedReads{next: next, cache: cache, facts: facts}
		})
		return config, nil
	}
}

// cachedReads answers from a cache what it can.
type cachedReads struct {
	next  http.RoundTripper
	cache client.Reader
	facts *passFacts
}

// requests tells what a request asks for.
var requests = &apirequest.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}

// RoundTrip answers one request.
func (c *cachedReads) RoundTrip(asked *http.Request) (*http.Response, error) {
	reads := asked.Method == http.MethodGet && asked.URL.RawQuery == ""
	if !reads && asked.Method != http.MethodPatch {
		return c.next.RoundTrip(asked)
	}
	info, err := requests.NewRequestInfo(asked)
	if err != nil || !namesOneObject(info) {
		return c.next.RoundTrip(asked)
	}
	resource := schema.GroupVersionResource{Group: info.APIGroup, Version: info.APIVersion, Resource: info.Resource}
	kind, known := cachedKinds[resource]
	if !known {
		return c.next.RoundTrip(asked)
	}
	object, err := cached(asked.Context(), c.cache, objectName{kind, client.ObjectKey{Namespace: info.Namespace, Name: info.Name}})
	switch {
	case err != nil:
		return c.next.RoundTrip(asked)
	case object != nil && reads:
		return answer(asked, http.StatusOK, object)
	case object != nil:
		return c.patch(asked, object)
	case reads && c.facts.trustsAbsence:
		status := apierrors.NewNotFound(resource.GroupResource(), info.Name).Status()
		status.Kind, status.APIVersion = "Status", "v1"
		return answer(asked, http.StatusNotFound, &status)
	default:
		return c.next.RoundTrip(asked)
	}
}

// namesOneObject tells whether a request is for the whole of one object of a namespace.
func namesOneObject(info *apirequest.RequestInfo) bool {
	return info.Namespace != "" && info.Name != "" && info.Subresource == ""
}

// patch hands a patch on if there is anything in it.
func (c *cachedReads) patch(asked *http.Request, object client.Object) (*http.Response, error) {
	changes, err := changedBy(asked, object)
	if err != nil {
		return nil, err
	}
	if changes {
		return c.next.RoundTrip(asked)
	}
	return answer(asked, http.StatusOK, object)
}

func answer(asked *http.Request, code int, object any) (*http.Response, error) {
	content, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": []string{"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(content)),
		ContentLength: int64(len(content)),
		Request:       asked,
	}, nil
}

// directConfigs gives Helm a client that goes straight to work.
type directConfigs struct {
	helmclient.ActionConfigGetter
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
			Client: helm, release: client.ObjectKeyFromObject(object), facts: passFactsIn(ctx), statefulSets: d.statefulSets,
			built: map[string]kube.ResourceList{},
		}
	}
	return config, nil
}

// directClient is Helm's, which asks for the API server's version before each action.
type directClient struct {
	*kube.Client
	// release is the one that the objects belong to.
	release      client.ObjectKey
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
		annotations["meta.helm.sh/release-name"], annotations["meta.helm.sh/release-namespace"] = c.release.Name, c.release.Namespace
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

// Update makes, changes and deletes objects, and notes if one that it makes was there already.
func (c *directClient) Update(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	made, err := c.Client.Update(original, target, force)
	c.facts.changed = true
	c.note(target, err)
	return made, err
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
