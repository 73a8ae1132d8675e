// Package absence finds the pods that a StatefulSet should have and that are missing, since when, and why the API server
// refuses them. No pod can say so, and a StatefulSet has no condition for it.
//
// What can be derived from an object is a pure function. A Memory holds when a missing pod was last there, which is the one
// thing that Kubernetes does not store, and FindFailedCreation reads events. What is wrong with a pod that is there is in
// internal/podissue, and what a status says in internal/status.
package absence
