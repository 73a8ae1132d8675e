// Package workload answers questions about the StatefulSet of a BarqCluster and its pods from what these objects say. It says
// what a pod is called, whether it is Ready, and how far a rollout has come. Each question has one answer for all controllers.
//
// The functions are pure. They read no API server, and what follows from an answer belongs to its caller: why a
// pod is not Ready is in internal/podissue, what a status says about it in internal/status.
package workload
