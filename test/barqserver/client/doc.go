// Package client speaks the HTTP API of Barq DB, for tests that insert documents
// and look for them afterwards.
//
// What lives here: requests, answers and the error for a refusal. It never follows
// a redirect, because Barq DB answers one without the path of the request, and it
// knows nothing of processes, pods or Kubernetes.
package client
