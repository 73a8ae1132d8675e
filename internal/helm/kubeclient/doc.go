// Package kubeclient is Helm's client for one reconcile of one BarqCluster: it applies a manifest, and finds and reverts drift. It compares
// objects with the cache, uses server-side apply, and slows down where another writer changes them back.
//
// Whose an object is says package owned, what an apply claims package apply. When something is applied is the business of its callers.
package kubeclient
