// Package adversary lets a tenant do her worst, for as long as one likes, on a real API server: package plan makes up what she
// does, and the test looks after each batch whether anything that is not hers was touched, whether another tenant's edits still go
// through in time, and whether the operator still fits into its memory.
//
//	make adversary ADVERSARY_N=10000
package adversary
