// Package bucket keeps objects in a bucket of S3, Google Cloud Storage or Azure.
//
// What lives here: the credentials, which may be rotated at any time, how a content is sent in little memory, and
// the reasons behind the codes of each provider.
//
// What must not: retries, sums and keys, which package objectstore has for all backends. The SDKs try again only what
// was signed by a wrong clock: other retries would multiply, and a busy store would hold up an operation for minutes.
package bucket
