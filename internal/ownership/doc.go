// Package ownership knows how an object tells by its labels which BarqCluster it
// belongs to. The chart barq-db gives these labels to everything that it renders, and
// to what Kubernetes creates from that.
//
// labels.go finds what belongs to a BarqCluster; watch.go finds the BarqCluster of an object that changed.
package ownership
