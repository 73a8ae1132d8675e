// Package manifest reads Kubernetes objects from YAML files and from kustomizations,
// and tells of the API server's refusals in lines that a person can act on.
//
// It talks to no API server; whoever applies the objects does.
package manifest
