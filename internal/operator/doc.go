// Package operator puts the parts together: flags, the manager with its limited
// caches, the Helm reconciler and the controllers. It is the only package that
// knows all others, and nothing but cmd/barq-operator imports it. Its command check
// asks whether all that is at work.
package operator
