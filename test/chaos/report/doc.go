// Package report tells what a run of the fault suite has found, beside what has to hold.
//
// It reads results and makes no faults.
package report
