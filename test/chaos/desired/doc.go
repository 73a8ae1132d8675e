// Package desired compares what is in a namespace with what it should be: for each BarqCluster, exactly the objects that the
// chart renders from scratch for its last spec, as the API server would store them.
//
// It knows the translation and the chart, and nothing of the operator's releases or status.
package desired
