// Package rejection knows which errors are refusals of the API server, and remembers what was refused, so that the same is tried
// again only after a while. It remembers too which BarqClusters wait for an object to go.
//
// What is tried, and when, is decided in package helm/session.
package rejection
