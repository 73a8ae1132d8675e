// Package release is the Helm side of the operator: it sets up the
// helm-operator-plugins reconciler, which renders the chart barq-db for each
// BarqCluster and installs, upgrades or uninstalls the release.
//
// The library is neither forked nor copied. Its reconciler runs; the controller around it is the operator's own (controller.go), because
// the library's has no plug for its queue. What the library would do wrongly for a database is
// corrected at its plug points, one package or file each: how objects are written (package helm/kubeclient, with package apply), what becomes of a refusal (refused.go), what it writes into the status
// (client.go), which releases it may touch and how it recovers an
// interrupted one (actions.go, interrupted.go), how it takes one over and hands it back (adoption.go,
// handback.go), how often it asks the API server (settled.go, reads.go,
// and packages helm/storage and helm/capabilities), when it is paused (pause.go). options.go lists all of them with
// the reason for each.
//
// A record of a release may be forged. Which records are believed is in package helm/storage, with the signatures of
// package signing; which objects may be written or deleted is in packages helm/owned and helm/kubeclient, and no record decides it.
//
// What starts a pass (controller.go, changes.go, concerns.go, dependents.go) is the operator's own; whose turn it is decides internal/fairqueue.
//
// Which values a spec becomes is decided in internal/translate, and whether the
// database answers is reported by internal/status; neither belongs here.
package release
