// Package progress follows BarqClusters until they are what they should be, and
// says so line by line. It reads only, and knows nothing of what made them.
package progress
