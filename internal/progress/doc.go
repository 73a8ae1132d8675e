// Package progress says in a message how a rollout goes on: what it waits for, why it replaces pods, how many are left, and
// what stops it. It names what each pod waits for. The functions are pure.
//
// How far a rollout has come is in internal/workload, what is wrong with a pod in internal/podissue, whose turn a
// rollout is in internal/controller/rollout.
package progress
