// Package kubeclient is Helm's client for one reconcile of one BarqCluster: it brings objects to what a manifest says by server-side apply,
// compares them with the cache, and slows down where another writer changes them back.
//
// Whose an object is says package owned, what an apply claims package apply. When something is applied is the business of its callers.
package kubeclient
