// Package routes is about the way from clients to the pods: the addresses that a status gives, the Services behind these
// addresses, and the NetworkPolicy. It finds these objects in the cache and says, as pure functions, what of them is in the way.
//
// It changes nothing: the chart renders the objects, and internal/controller/release brings them back. Whether a pod answers
// is in internal/workload.
package routes
