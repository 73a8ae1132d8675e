// Package lease keeps two operators from working on one BarqCluster. Leader election
// does that for the replicas of one installation, which share a Lease; two
// installations in different namespaces do not.
//
// An operator writes its name into status.operator of each BarqCluster that has none
// there, and works only on those that have its own. View is a client that hides all
// others, so no other package has to ask. Who wants a BarqCluster of another operator
// asks in status.takeover; one that lives removes the question, and one that does
// not answer is replaced. So no operator has to read anything but BarqClusters,
// and while there is only one nothing is written after the first claim.
//
// What is done with a BarqCluster does not belong here.
package lease
