//go:build linux

package agent

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// rights are what each provider asks for an operation.
var rights = map[objectstore.Provider]map[objectservers.Operation]string{
	objectstore.S3: {
		objectservers.Create: "s3:PutObject", objectservers.Part: "s3:PutObject", objectservers.Read: "s3:GetObject", objectservers.Attributes: "s3:GetObject",
		objectservers.List: "s3:ListBucket", objectservers.Delete: "s3:DeleteObject",
	},
	objectstore.GCS: {
		objectservers.Create: "storage.objects.create", objectservers.Read: "storage.objects.get", objectservers.Attributes: "storage.objects.get",
		objectservers.List: "storage.objects.list", objectservers.Delete: "storage.objects.delete",
	},
	objectstore.Azure: {
		objectservers.Create: blobs + "write", objectservers.Part: blobs + "write", objectservers.Read: blobs + "read", objectservers.Attributes: blobs + "read",
		objectservers.List: blobs + "read", objectservers.Delete: blobs + "delete",
	},
}

const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"

// The policies of docs/tiering.md allow what an agent calls in the life of an archive, and nothing else.
func TestPoliciesFollowTheCalls(t *testing.T) {
	for provider, allowed := range policies(t) {
		t.Run(string(provider), func(t *testing.T) {
			t.Parallel()
			b := newBucket(t, provider)
			flags := append(b.tiered("--max-lag", "1s", "--commit", "--commit-to-archive", "--cold-after", "0s"), b.flags("cold")...)
			a := serve(t, how{door: true, flags: flags})
			a.fill(20)
			// Data moves to the cold tier, and what nothing needs goes.
			require.Eventually(t, func() bool { return b.Counts().Requests[objectservers.Delete] > 0 }, patience, moment)
			time.Sleep(time.Second)
			a.stopShipped()
			emptied(t, a.data)
			again := serve(t, how{data: a.data, flags: flags})
			again.requireDocuments(20)
			again.stopShipped()

			var needed []string
			for operation := range b.Counts().Requests {
				right := rights[provider][operation]
				require.NotEmpty(t, right, "%s", operation)
				if !slices.Contains(needed, right) {
					needed = append(needed, right)
				}
			}
			require.ElementsMatch(t, allowed, needed)
		})
	}
}

// policies returns what the page allows with each provider.
func policies(t *testing.T) map[objectstore.Provider][]string {
	t.Helper()
	page := content(t, filepath.Join(root, "docs", "tiering.md"))
	block := func(file string) []byte {
		_, rest, is := strings.Cut(page, "<!-- file: "+file+" -->\n```json\n")
		require.True(t, is, "%s", file)
		text, _, _ := strings.Cut(rest, "\n```")
		return []byte(text)
	}
	var policy struct {
		Statement []struct {
			Action json.RawMessage `json:"Action"`
		} `json:"Statement"`
	}
	require.NoError(t, json.Unmarshal(block("barq-tiers.json"), &policy))
	found := map[objectstore.Provider][]string{}
	for _, statement := range policy.Statement {
		var one string
		var several []string
		if json.Unmarshal(statement.Action, &one) == nil {
			several = []string{one}
		} else {
			require.NoError(t, json.Unmarshal(statement.Action, &several))
		}
		found[objectstore.S3] = append(found[objectstore.S3], several...)
	}
	permissions := regexp.MustCompile(`--permissions=(\S+)`).FindStringSubmatch(page)
	require.Len(t, permissions, 2)
	found[objectstore.GCS] = strings.Split(permissions[1], ",")
	var role struct {
		DataActions []string `json:"DataActions"`
	}
	require.NoError(t, json.Unmarshal(block("barq-tiers-role.json"), &role))
	found[objectstore.Azure] = role.DataActions
	return found
}
