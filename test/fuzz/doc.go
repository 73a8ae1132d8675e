// Package fuzz holds the fuzz targets that need the API server's own code: what the
// CustomResourceDefinition admits has to render, and the API server has to take what comes
// out. Targets that need less are beside what they fuzz. `make fuzz` runs all of them.
//
// An input that found something is kept: bytes in testdata/fuzz, as Go writes them, and
// specs as people write them in testdata/specs. Both are tried by every ordinary run of the tests,
// and by TestFuzzedSpecs in test/integration on a real API server.
package fuzz
