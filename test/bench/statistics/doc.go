// Package statistics has the few figures by which measurements are summed up.
//
// It works on numbers alone: what they measure is not known here.
package statistics
