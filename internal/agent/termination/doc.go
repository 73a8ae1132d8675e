// Package termination writes the message that the kubelet puts into the status of the pod when a container has ended.
//
// What lives here: the file. What a message says is in internal/agentapi/v1.
package termination
