// Package privatenetwork runs tests in a network of their own, for programs with a port that cannot be chosen.
//
// What lives here: the network, and mounts that the rest of the machine does not see. What is tested in it belongs to the suites.
package privatenetwork
