// Package image packs programs and files into container images, without a
// container engine, copies images, and serves them from a registry on loopback.
//
// What must not live here: what goes into which image. For those that are
// shipped that is in package programimage.
package image
