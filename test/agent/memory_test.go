//go:build linux

package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// writeLog writes a log of documents with vectors of some dimension, each with the payload that payloadOf returns.
func writeLog(t *testing.T, folder string, documents, dimension int, payloadOf func(number int) string) {
	t.Helper()
	var log strings.Builder
	for number := 1; number <= documents; number++ {
		fmt.Fprintf(&log, `{"op":{"Insert":{"id":{"U64":%d},"vector":[%d.5%s],"payload":%s}}}`+"\n",
			number, number%1000, strings.Repeat(",0.25", dimension-1), payloadOf(number))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "wal.jsonl"), []byte(log.String()), 0o600))
}

// collection makes the folder of a collection.
func collection(t *testing.T, data, name string, dimension int, index string) string {
	t.Helper()
	folder := filepath.Join(data, "tenants/default/collections", name)
	require.NoError(t, os.MkdirAll(folder, 0o750))
	schema := fmt.Sprintf(`{"name":%q,"fields":[{"name":"vector","field_type":{"Vector":{"dimension":%d,"metric":"L2","index":%s}},"required":true}],"bm25_config":null,"tenant_id":"default"}`,
		name, dimension, index)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "schema.json"), []byte(schema), 0o600))
	return folder
}

// Before the first start on some data the agent says what the server is going to take, and after it what it takes.
func TestMemoryIsEstimatedBeforeItIsKnown(t *testing.T) {
	nothing := func(int) string { return "null" }
	number := func(number int) string { return fmt.Sprintf(`{"n":%d}`, number) }
	product := func(number int) string {
		return fmt.Sprintf(`{"sku":"sku-%d","price":%d.25,"stock":%d,"colour":"red","title":"the product of number %d"}`, number, number, number%50, number)
	}
	for name, shape := range map[string]struct {
		documents, dimension int
		index                string
		payload              func(int) string
	}{
		"FlatWithoutPayloads": {40_000, 128, "null", nothing},
		"FlatWithNumbers":     {40_000, 64, "null", number},
		"FlatWithProducts":    {20_000, 16, "null", product},
		"Ivf":                 {20_000, 64, `{"Ivf":{"nlist":8,"nprobe":2,"pq":null}}`, number},
		"Hnsw":                {2_000, 64, `{"Hnsw":{"m":16,"ef_construction":64,"ef_search":64}}`, number},
	} {
		t.Run(name, func(t *testing.T) {
			certificates, address, authority := t.TempDir(), ownAddress(), newAuthority(t)
			issue(t, certificates, authority)
			how := how{data: t.TempDir(), flags: []string{"--api-address", agentAt(address), "--api-certificates", certificates}}
			writeLog(t, collection(t, how.data, "things", shape.dimension, shape.index), shape.documents, shape.dimension, shape.payload)
			memory := func() v1.Memory {
				status, err := ask(address, authority, uid)
				require.NoError(t, err)
				return status.Memory
			}

			a := serve(t, how)
			estimate := memory().Estimate
			a.eventually("it is measured", func() bool { return memory().Used > 0 })
			used := memory().Used
			t.Logf("%d documents: estimated %d MiB, taken %d MiB", shape.documents, estimate>>20, used>>20)
			if !isStandIn {
				require.InDelta(t, 1, float64(estimate)/float64(used), 0.35)
			}
			a.stop()

			a = serve(t, how)
			require.Equal(t, []int64{0, used}, []int64{memory().Estimate, memory().Before}, "it is remembered")
			a.stop()
		})
	}
}
