// Package bundle holds bundle/, what the Operator Lifecycle Manager installs, to
// the validators of its library and to config/manifests, from which `make bundle`
// generates it.
//
// The comparison is made without operator-sdk, which takes minutes to build: it
// runs with the unit tests. The bundle on a real lifecycle manager is not tested
// here.
package bundle
