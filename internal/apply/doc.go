// Package apply says how an object of a release becomes what the chart renders: by server-side apply under one field manager.
// So the API server removes what an earlier manifest had and the new one has not.
//
// Each object carries a digest of the manifest that was applied to it, which tells without a request whether it has to be applied
// again, also after an apply that was interrupted. Objects that were created, by Helm or by the operator, have their fields under a
// manager of another operation; and a field that a person adds is under that person's. The API server removes neither, so these
// fields are taken over first: Claim moves them to the operator's own entry, in the metadata alone.
//
// What the chart owns whole, and what it leaves to others, is in whole.go; docs/ownership.md says the same for people.
//
// What must not live here: requests to the API server, whose an object is, and when it is applied.
package apply
