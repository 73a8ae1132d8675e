// Package programimage makes the images that are shipped, one of the operator and one of the agent: what is in each, the
// compilation of its program for each platform, and the bill of materials of each.
//
// A Dockerfile makes the same image with a container engine; a test compares the two. What must not live here: how files
// become an image, which is in package image, and images that only tests run.
package programimage
