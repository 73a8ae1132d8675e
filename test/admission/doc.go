// Package admission says which BarqClusters the API server takes, without one.
//
// It reads the CustomResourceDefinition and runs on a BarqCluster what the API server
// runs when one is made, with the API server's own code: unknown fields are dropped,
// defaults filled in, and schema, list types and CEL rules checked. Tests that need the
// answer thousands of times, as fuzzing does, ask here; whatever an API server does
// beside it (policies, updates, storage) is tested on a real one in test/integration.
package admission
