package stores_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/objectservers"
)

// The real servers that can be had keep the contract, and look at their credentials again for each operation.
func TestServers(t *testing.T) {
	for provider, refusal := range map[objectstore.Provider]objectstore.Reason{
		objectstore.S3:  objectstore.CredentialsRejected,
		objectstore.GCS: objectstore.CredentialsRejected,
		// Azurite has the code of what an identity may not do for a wrong key, unlike Azure.
		objectstore.Azure: objectstore.AccessDenied,
	} {
		t.Run(string(provider), func(t *testing.T) {
			server := objectservers.ForTest(t, "../../..", provider)
			require.NoError(t, server.CreateBucket(t.Context(), "barq"))
			wrong := t.TempDir()
			require.NoError(t, objectservers.WriteSecret(wrong, server.WrongSecret()))
			contract(t, subject{
				options: server.Options("barq"),
				file:    func(key string) string { return server.File("barq", key) },
				wrong:   wrong,
				refusal: refusal,
			})
			t.Run("a rotation needs no restart", func(t *testing.T) {
				options := server.Options("barq")
				options.Credentials = wrong
				store := opened(t, options)
				require.ErrorIs(t, objectstore.Probe(t.Context(), store, "rotated"), refusal)
				require.NoError(t, objectservers.WriteSecret(wrong, server.Secret()))
				require.NoError(t, objectstore.Probe(t.Context(), store, "rotated"))
			})
		})
	}
}
