package request_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/request"
	"github.com/barq-db/barq-operator/internal/barq/schema"
)

func TestRouteOf(t *testing.T) {
	things := request.Route{Collection: "things", HasCollection: true}
	with := func(action request.Action) request.Route {
		route := things
		route.Action = action
		return route
	}
	for asked, expected := range map[[2]string]request.Route{
		{"GET", "/health"}:                                    {Action: request.Describe},
		{"GET", "*"}:                                          {},
		{"GET", ""}:                                           {},
		{"POST", "/collections"}:                              {Action: request.CreateCollection},
		{"GET", "/collections"}:                               {},
		{"DELETE", "/collections/things"}:                     with(request.DropCollection),
		{"DELETE", "/collections/a%2Fb"}:                      {Action: request.DropCollection, Collection: "a/b", HasCollection: true},
		{"POST", "/collections/"}:                             {HasCollection: true},
		{"POST", "/collections/things/documents"}:             with(request.InsertDocument),
		{"GET", "/collections/things/documents/1"}:            with(request.GetDocument),
		{"PUT", "/collections/things/documents/1"}:            things,
		{"GET", "/collections/things/search"}:                 things,
		{"POST", "/collections/things/search"}:                with(request.Search),
		{"POST", "/collections/things/batch_search"}:          with(request.BatchSearch),
		{"POST", "/collections/things/search/hybrid/explain"}: with(request.SearchHybrid),
		{"GET", "/tenants/t/usage"}:                           {Action: request.AskTenant, Tenant: "t", HasTenant: true},
		{"DELETE", "/collections/things/documents/1"}:         with(request.DeleteDocument),
		{"POST", "/collections/things/index/rebuild"}:         with(request.RebuildIndex),
		{"POST", "/collections/things/search/text"}:           with(request.SearchText),
		{"POST", "/collections/things/documents/a/b"}:         things,
		{"POST", "/collections//documents"}:                   {Action: request.InsertDocument, HasCollection: true},
		{"POST", "/admin/compact"}:                            {Action: request.Administer},
		{"GET", "/admin"}:                                     {Action: request.Administer},
		{"GET", "/administration"}:                            {},
		{"POST", "/tenants/t%20x/api-keys"}:                   {Action: request.RegisterKey, Tenant: "t x", HasTenant: true},
		{"PUT", "/tenants/t/quota"}:                           {Action: request.AskTenant, Tenant: "t", HasTenant: true},
		{"GET", "/tenants"}:                                   {},
		{"POST", "/collections/things/documents/"}:            things,
		{"GET", "/collections/caf%C3%A9/documents/1"}:         {Action: request.GetDocument, Collection: "café", HasCollection: true},
		{"POST", "/collections/things/index/rebuild/"}:        things,
	} {
		found, err := request.RouteOf(asked[0], asked[1])
		require.NoError(t, err, asked)
		require.Equal(t, expected, found, asked)
	}
	_, err := request.RouteOf("GET", "/collections/%zz/documents/1")
	require.Error(t, err)
}

func TestActions(t *testing.T) {
	names := map[string]bool{}
	for action := request.Other; action <= request.Describe; action++ {
		names[action.String()] = true
	}
	require.Len(t, names, int(request.Describe)+1)
	require.True(t, request.Search.InCollection())
	require.False(t, request.CreateCollection.InCollection())
	require.False(t, request.Describe.InCollection())
}

func TestBodies(t *testing.T) {
	created, err := request.ReadCollection([]byte(`{"name":"things","dimension":2,"index":{"Ivf":{"nlist":3,"nprobe":1,"pq":{"segments":1,"codebook_bits":8}}}}`))
	require.NoError(t, err)
	require.Equal(t, request.Collection{Name: "things", Index: schema.IndexSettings{Index: schema.IVF, Lists: 3, Quantized: true}}, created)
	rebuilt, err := request.ReadRebuild([]byte(`{"index":null}`))
	require.NoError(t, err)
	require.Equal(t, schema.IndexSettings{Index: schema.Flat}, rebuilt)

	for body, line := range map[string]string{
		`{"id":7,"vector":[1, 2]}`:                                      `{"op":{"Insert":{"id":{"U64":7},"vector":[1, 2],"payload":null}}}`,
		`{"payload":{"id":1},"vector":[],"id":"a\"b"}`:                  `{"op":{"Insert":{"id":{"Str":"a\"b"},"vector":[],"payload":{"id":1}}}}`,
		`{"id":1,"vector":[1],"upsert":true,"other":{"vector":[1e39]}}`: `{"op":{"Insert":{"id":{"U64":1},"vector":[1],"payload":null}}}`,
	} {
		document, err := request.ReadDocument([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, line, string(document.Line()))
	}

	for _, body := range []string{``, `{`, `[]`, `null`, `{} {}`, `{"id":1}`, `{"vector":[1]}`, `{"id":1,"id":2,"vector":[1]}`} {
		_, err := request.ReadDocument([]byte(body))
		require.Error(t, err, body)
	}
	for _, body := range []string{`{}`, `{"name":1}`, `{"name":"a","index":{"Ivf":[0,1,null]}}`, `["a",2,"L2"]`} {
		_, err := request.ReadCollection([]byte(body))
		require.Error(t, err, body)
	}
}
