// Package bench measures what the operator costs, with agents and without: against the stock
// helm-operator on the same chart, and against a bare client that applies the same objects, on a
// test cluster whose API server counts the requests of each.
//
// What lives here: the contenders, what is measured of each, and the order of a run. The
// packages below it count (audit, procfs), sum up (statistics) and tell (report), and know nothing of a cluster.
// Nothing here decides whether a figure is good: the targets are in report.
package bench
