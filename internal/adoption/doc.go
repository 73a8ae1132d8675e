// Package adoption takes a Helm release over for a BarqCluster without a restart of its pods, and hands one back to Helm.
//
// It says whether that may be done, and what of a release changes with it. When it is done is decided in package helm/session.
package adoption
