// Package operatorimage makes the image of the operator: what is in it, the
// compilation of its program for each platform, and the bill of materials of each.
//
// The Dockerfile makes the same image with a container engine; a test compares the
// two. What must not live here: how files become an image, which is in package image,
// and images that only tests run.
package operatorimage
