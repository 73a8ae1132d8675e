// Package admission asks before a revision of a release is stored or applied whether that would fail. It asks whether the revision
// fits a Secret, whether another owner has one of its objects, and whether the API server would take its objects and its pods. It says
// for which fields the pods restart.
//
// It tries everything as a dry run, and writes nothing. When a revision is tried, and what becomes of a refusal, is decided in package
// session.
package admission
