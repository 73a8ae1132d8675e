// Package builtin says which objects of Kubernetes' own kinds the API server takes,
// without one: decoding, defaults and validation are the API server's code. Allocation of
// addresses and admission plugins are not there; test/integration has them.
package builtin
