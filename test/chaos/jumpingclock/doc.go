// Package jumpingclock builds programs whose wall clock jumps while they run, as a machine's does when its time is set.
//
// It replaces one function of package time for the build, and touches nothing else: no file of the Go installation is
// changed, and the monotonic clock goes on as it does in reality.
package jumpingclock
