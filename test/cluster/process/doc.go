// Package process runs a program as a child that cannot outlive its parent, with
// its output in a log file. It knows nothing of what it runs.
package process
