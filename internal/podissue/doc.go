// Package podissue says what is wrong with a pod: no node, an image that cannot be pulled, a container that keeps ending, or a
// silent node. An Issue names the reason in the words of Kubernetes, what ends it, and since when it
// counts towards spec.progressDeadlineSeconds.
//
// The functions are pure, and look at one pod. Times come from what Kubernetes stores, so that a restarted operator says
// the same. Neither a log nor a Secret's content gets into a message. What a status makes of the issues of all pods is in
// internal/status, and pods that are not there at all are in internal/absence.
package podissue
