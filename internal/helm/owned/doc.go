// Package owned finds the objects that a BarqCluster controls, by what they themselves say, tells whether one may be written for it, and
// deletes them. No manifest and no record has a say in that.
//
// What an object is to be is not its business.
package owned
