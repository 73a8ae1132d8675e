// Package manifest reads what a release has rendered, as text: objects of a kind, what of them restarts pods, and where two differ.
//
// It asks no API server. What is done about a difference is the business of its callers.
package manifest
