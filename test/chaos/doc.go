// Package chaos is the fault suite: it installs, changes and deletes many BarqClusters while something goes wrong, and
// says of each fault whether everything came out as if nothing had.
//
// What lives here: the faults, the work that is done meanwhile, and what has to hold afterwards. The packages below it make
// single faults (apiproxy, jumpingclock), compare objects (desired) and tell (report). How the operator is started is the
// business of test/operatorprocess, and what the API server and etcd suffer of test/cluster.
package chaos
