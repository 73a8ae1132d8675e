// Package processlock finds a process again by a lock of the kernel's that it
// holds on a file. Such a lock cannot outlive the process, so while it is held the
// process id in the file is the holder's, and no stranger that got the number later
// is taken for it.
//
// What holds the lock, and what is done with the process, is the callers' matter.
package processlock
