// Package watches reads watches.yaml, the file that tells the operator which kind
// is rendered with which chart.
package watches
