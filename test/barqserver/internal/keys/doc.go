// Package keys decides who may do what.
//
// What lives here: API keys, which exist in memory only, roles, and the tenant that
// a caller acts for. It knows nothing of routes or documents.
package keys
