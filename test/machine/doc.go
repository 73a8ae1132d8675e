// Package machine says what a run of benchmarks or of the fault suite was made on and with, because its
// figures mean nothing without that. What was measured does not belong here.
package machine
