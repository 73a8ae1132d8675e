// Package report tells what a run of benchmarks has measured: as tables, beside the targets, and as pictures.
//
// It reads results and measures nothing.
package report
