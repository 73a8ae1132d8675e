// Package clusters reads BarqClusters and what belongs to them, and applies
// fields of them. The operator keeps BarqClusters unstructured in its cache, because the Helm reconciler does; this
// package is the way from there to the types and back.
//
// It decides nothing: what a field is to say is the business of its one writer.
package clusters
