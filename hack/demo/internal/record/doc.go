// Package record keeps, in a file, what the demo has started and made, so that
// demo-down can end exactly that, and a second run can go on from it.
//
// It only remembers. What follows from it is decided elsewhere.
package record
