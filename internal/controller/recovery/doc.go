// Package recovery deletes pods that are stuck on a former revision of their StatefulSet, so that the StatefulSet creates them
// again from the newest one.
//
// A StatefulSet controller with the feature MaxUnavailableStatefulSet replaces no pod while another one does not answer. A pod
// whose image cannot be pulled then keeps itself from being replaced, also after spec.image was corrected. Without that
// feature Kubernetes replaces such a pod by itself, at once, and there is nothing to do here.
//
// plan.go decides, as a function of what was observed; controller.go reads, waits and deletes. What is wrong with a pod is
// decided in package status, so that the status and a deletion never disagree about it. Pods that answer, that may come to
// answer by themselves, or that are of the newest revision are not touched here.
package recovery
