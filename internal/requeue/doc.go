// Package requeue says when a reconcile is due again though nothing that is watched has changed. What a controller waits for
// is known to the controller alone.
package requeue
