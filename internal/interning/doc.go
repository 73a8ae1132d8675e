// Package interning makes the objects of a cache share the strings, and the maps of them, that they have in common. What
// is cached for a thousand BarqClusters is nearly the same a thousand times, and each
// object brings copies of its own from the network: names of fields and labels, images, messages.
// It knows nothing of what the objects mean.
package interning
