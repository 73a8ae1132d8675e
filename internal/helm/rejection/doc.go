// Package rejection knows which errors are refusals of the API server, and remembers what was refused, so that the same is tried
// again only after a while.
//
// What is tried, and when, is decided in package helm/session.
package rejection
