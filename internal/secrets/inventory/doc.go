// Package inventory knows from a watch which Secrets or ServiceAccounts exist, and in which version.
//
// What lives here: names, versions, and who is told of a change. What must not: contents, and who refers to what
// (internal/secrets).
package inventory
