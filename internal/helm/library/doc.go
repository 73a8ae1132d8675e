// Package library opens Helm's actions as the library helm-operator-plugins makes them, with the storage, the client and the cached
// reads of the operator at its plug points.
//
// What is done with the actions belongs to package session.
package library
