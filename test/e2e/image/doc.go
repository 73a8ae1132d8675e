// Package image packs programs and files into container images, without a
// container engine, and serves them from a registry on loopback.
//
// What must not live here: what goes into which image.
package image
