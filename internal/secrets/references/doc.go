// Package references knows which Secrets a BarqCluster refers to, and what it needs of each.
//
// What lives here: fields of the spec. Whether a Secret is there, and what it has, belongs to internal/secrets.
package references
