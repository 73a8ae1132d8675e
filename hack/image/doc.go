// Package image packs programs and files into container images, without a
// container engine, copies images, and serves them from a registry on loopback.
//
// What must not live here: what goes into which image. For the operator's that is
// in package programimage.
package image
