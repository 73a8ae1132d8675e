// Package translate turns a BarqCluster into values of the chart
// helm-charts/barq-db.
//
// It is a pure function: the same BarqCluster and Facts always give the same
// values, and nothing is read or written. What has to be looked up first is
// in Facts. The values have the names of the fields of the spec, so a field that the
// chart has a value for needs no code here. Contents of Secrets never pass through here: values carry their
// names, and a checksum that makes the pods roll when they change.
package translate
