// Package docs holds the tests of the documentation: links lead somewhere, the
// commands, fields and files that it names exist, and every field, condition and
// reason of the API is described. How the operator behaves is tested elsewhere.
//
// api.md is generated from the CRD and from the constants of api/v1alpha1, and is
// never edited by hand:
//
//	go test ./docs -update
package docs
