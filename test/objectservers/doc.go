// Package objectservers runs servers that speak as S3, Google Cloud Storage and Azure do, and makes them bad.
//
// What lives here: the servers versitygw, fake-gcs-server and Azurite with their buckets and credentials, and a [Proxy] that
// refuses, cuts, slows down, forgets conditions and counts. Tests start both where their pods or processes reach them.
//
// What must not: what a store is for, and what is expected of who uses it.
package objectservers
