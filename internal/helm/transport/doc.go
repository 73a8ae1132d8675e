// Package transport answers from a cache what Helm reads of single objects.
//
// Writes pass through it as they are.
package transport
