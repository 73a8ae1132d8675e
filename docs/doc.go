// Package docs holds the tests of the documentation: links lead somewhere, the
// fields and files that it names exist, every field, condition and reason of the API is
// described, and every command is run by a test or marked as one that cannot be. How the
// operator behaves is tested elsewhere, and so is the running of commands (test/e2e).
//
// api.md is generated from the CRD and from the constants of api/v1alpha1, and is
// never edited by hand:
//
//	go test ./docs -update
package docs
