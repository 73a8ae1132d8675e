// Package labels names what a stored revision of a release says about itself, beside what Helm says.
//
// What follows from a label is not its business.
package labels
