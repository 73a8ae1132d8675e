package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	helmclient "github.com/operator-framework/helm-operator-plugins/pkg/client"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	apirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/internal/helm/owned"
)

// ReadsFrom lets Helm read single objects from a cache. Helm reads every object of a release before it creates it, and
// up to three times before it patches it.
//
// A cache that is behind costs no more than a reconcile: an apply to a deleted object fails, and an unneeded apply
// changes nothing. The cache has only objects with the chart's label, so Helm looks for any other on the API server.
// With trustsAbsence it does not. That is for a release that does not exist yet: Helm creates its objects anyhow, and
// the API server refuses those that exist.
func ReadsFrom(cache client.Reader, trustsAbsence func() bool) helmclient.ObjectToRestConfigMapper {
	return func(_ context.Context, _ client.Object, base *rest.Config) (*rest.Config, error) {
		config := rest.CopyConfig(base)
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return &cachedReads{next: next, cache: cache, trustsAbsence: trustsAbsence}
		})
		return config, nil
	}
}

// cachedReads answers requests from a cache where it can.
type cachedReads struct {
	next  http.RoundTripper
	cache client.Reader
	// trustsAbsence reports whether the cache has every object of the release that exists.
	trustsAbsence func() bool
}

// requests parses requests.
var requests = &apirequest.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}

// RoundTrip answers one request.
func (c *cachedReads) RoundTrip(asked *http.Request) (*http.Response, error) {
	if asked.Method != http.MethodGet || asked.URL.RawQuery != "" {
		return c.next.RoundTrip(asked)
	}
	info, err := requests.NewRequestInfo(asked)
	if err != nil || !namesOneObject(info) {
		return c.next.RoundTrip(asked)
	}
	resource := schema.GroupVersionResource{Group: info.APIGroup, Version: info.APIVersion, Resource: info.Resource}
	kind, known := owned.Kinds[resource]
	if !known {
		return c.next.RoundTrip(asked)
	}
	object, err := owned.Cached(asked.Context(), c.cache, owned.Name{Kind: kind, Key: client.ObjectKey{Namespace: info.Namespace, Name: info.Name}})
	switch {
	case err != nil:
		return c.next.RoundTrip(asked)
	case object != nil:
		return answer(asked, http.StatusOK, object)
	case c.trustsAbsence():
		status := apierrors.NewNotFound(resource.GroupResource(), info.Name).Status()
		status.Kind, status.APIVersion = "Status", "v1"
		return answer(asked, http.StatusNotFound, &status)
	default:
		return c.next.RoundTrip(asked)
	}
}

// namesOneObject reports whether a request is for the whole of one object of a namespace.
func namesOneObject(info *apirequest.RequestInfo) bool {
	return info.Namespace != "" && info.Name != "" && info.Subresource == ""
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
