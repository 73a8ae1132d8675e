// Package ownership knows how an object tells which BarqCluster it belongs to:
// by the labels that the chart barq-db puts on everything it renders and on what
// Kubernetes makes from that.
//
// labels.go finds what belongs to a BarqCluster; watch.go finds the BarqCluster of an object that changed.
package ownership
