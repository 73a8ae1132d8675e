// Package release is the release controller: it sets up the helm-operator-plugins
// reconciler. That renders the chart barq-db for each BarqCluster and installs,
// upgrades or uninstalls the release.
//
// The library is neither forked nor copied. Its reconciler runs; the controller around it is the operator's own (controller.go), because
// the library's has no plug for its queue. What the library would do wrongly for a database is
// corrected at its plug points, which options.go lists with the reason for each:
//
//   - how objects are written: helm/kubeclient, with package apply
//   - what becomes of a refusal: helm/rejection, and helm/admission before anything is applied
//   - what the library writes into the status: helm/releasestatus
//   - which releases it may touch, and how it recovers an interrupted one: helm/session
//   - how it takes a release over and hands it back: package adoption, and helm/session
//   - how often it asks the API server: helm/settled, helm/transport, helm/storage, helm/records and helm/capabilities
//   - when it is paused: pause.go
//
// A record of a release may be forged. Which records are believed is in package helm/records, with the signatures of
// package signing; which objects may be written or deleted is in packages helm/owned and helm/kubeclient, and no record decides it.
//
// What starts a reconcile (controller.go, changes.go, concerns.go, dependents.go) is the operator's own; internal/fairqueue decides whose turn it is.
//
// Which values a spec becomes is decided in internal/translate, and whether the
// database answers is reported by internal/status; neither belongs here.
package release
