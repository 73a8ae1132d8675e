// Package report describes in tables, for a person, what is in a Kubernetes cluster.
// It shows where a variable takes its value from and never a Secret's content, which
// it never reads. Pure functions only: objects in, text out.
package report
