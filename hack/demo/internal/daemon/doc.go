// Package daemon runs a program that outlives whoever started it, and finds it
// again without ever mistaking another process for it.
//
// A process id alone cannot tell: when a process ends, a stranger may get its
// number. So the program holds a lock of the kernel's on a file for as long as it
// lives, and only while that is held does the number in the file count.
//
// What the program does, and when it works, is the caller's business.
package daemon
