// Package procfs reads from /proc what a process has used. It is for Linux, where
// benchmarks are run.
package procfs
