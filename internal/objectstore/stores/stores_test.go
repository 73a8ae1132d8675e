package stores_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

func TestOptionsThatAreRefused(t *testing.T) {
	for said, options := range map[string]objectstore.Options{
		`unknown provider "ftp": take s3, gcs, azure or folder`:                          {Provider: "ftp", Bucket: "b"},
		"a store of s3 needs a bucket":                                                   {Provider: objectstore.S3},
		"a store of folder needs a bucket":                                               {Provider: objectstore.Folder},
		`the prefix "p" must be empty or end with a slash, and have segments like a key`: {Provider: objectstore.S3, Bucket: "b", Prefix: "p"},
		`the prefix "/" must be empty or end with a slash, and have segments like a key`: {Provider: objectstore.S3, Bucket: "b", Prefix: "/"},
	} {
		_, err := stores.Open(options)
		require.EqualError(t, err, said)
	}
}
