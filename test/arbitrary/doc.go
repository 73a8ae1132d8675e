// Package arbitrary makes BarqClusters out of bytes, for fuzzing.
//
// The fields come from the schema of the CustomResourceDefinition, so that a new one
// is fuzzed without a change here. The texts come from lists of words, by the name of the
// field: what such fields have when they work, what is just not right any more, and
// what YAML takes for something else. Fewer bytes give a smaller BarqCluster, no bytes the
// smallest, which is how the fuzzer's minimization gets at the field at fault.
//
// What lives here makes values and judges none. Most of them are to be such that the
// API server takes them; which ones it does is asked of test/admission.
package arbitrary
