// Package series keeps the metrics of the stand-in and writes them as Prometheus
// reads them.
//
// What lives here: the names and labels of Barq DB's own metrics. A series appears
// with its first value, so a server that was just started has none.
package series
