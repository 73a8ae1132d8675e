// Package rejection knows which errors are refusals of the API server, and remembers what was refused, so that the same is tried
// again only after a while. It remembers too which BarqClusters wait for the deletion of an object.
//
// What is tried, and when, is decided in package helm/session.
package rejection
