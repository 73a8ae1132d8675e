package release

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"

	corev1 "k8s.io/api/core/v1"
)

const (
	// recordLimit is the most bytes that a record of a release may unpack to. A Secret has room for 1 MiB, and the
	// largest charts there are, with all their files, are a few.
	recordLimit = 64 << 20
	// packing is the most by which deflate makes anything smaller (https://zlib.net/zlib_tech.html).
	packing = 1032
	// recordKey is where Helm keeps the record in its Secret.
	recordKey = "release"
)

// withoutBomb takes a record out of its Secret that unpacks to more than Helm could hold in
// memory: Helm unpacks as much as there is, and whoever can write a Secret could have the operator
// killed for its memory, again and again. Without it, the Secret counts as damaged. It tells whether it took one out.
func withoutBomb(stored *corev1.Secret) bool {
	packed := stored.Data[recordKey]
	if len(packed) <= recordLimit/packing || !unpacksTooLarge(packed) {
		return false
	}
	stored.Data[recordKey] = nil
	return true
}

// unpacksTooLarge unpacks without keeping anything. What cannot be unpacked Helm cannot unpack either.
func unpacksTooLarge(packed []byte) bool {
	unpacking, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(packed)))
	if err != nil {
		return false
	}
	size, _ := io.CopyN(io.Discard, unpacking, recordLimit+1)
	return size > recordLimit
}
