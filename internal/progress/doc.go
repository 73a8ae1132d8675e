// Package progress says, in the words of a message, how a rollout goes on: what it waits for pod by pod, why the pods are
// replaced, how many are left, and what keeps it from them. The functions are pure.
//
// How far a rollout has come is in internal/workload, what is wrong with a pod in internal/podissue, whose turn a
// rollout is in internal/controller/rollout.
package progress
