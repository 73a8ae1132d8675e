// Package spechash tells by a checksum whether two specs of BarqClusters have the same effect on what runs.
//
// What must not live here: what follows from a difference, which internal/status says.
package spechash
