// Package forgery makes false records of Helm releases: the Secrets in which Helm keeps what it installed. A user who may write
// Secrets in a namespace can write all of a record, so tests write every part of it that could lead the operator to an object of
// another person.
//
// A Record is a stored Secret taken apart. An Edit changes one part of it. Spellings are the ways in which a manifest can name an
// object so that one reader sees it and another does not.
//
// What must not live here: access to a cluster, and any expectation about what the operator does.
package forgery
