// Package session gives the library Helm's actions for one reconcile of one BarqCluster. They know which releases are the operator's,
// recover an interrupted one, try an upgrade whole before its first write, pace it, take a release over or hand it back, and ask the
// API server for nothing that is known.
//
// The library decides which action is called, and the operator assumes this of its order:
//
//  1. It asks for the actions of a BarqCluster once in a reconcile, with the finalizer set, and never while that is paused. So a Session
//     is one reconcile.
//  2. It first asks for the release to name it in the status, and ignores an error of that. See errNotTakenOver.
//  3. It translates the spec after that, and asks for the release again. What fails in between is the reason of Irreconcilable, with the
//     text of the error. See package releasestatus, Reasons.
//  4. If there is no release, it installs one, without a look at the values of former ones.
//  5. If there is one, it renders by an Upgrade that is a dry run. It compares the manifest with that of the release, and upgrades after a
//     failed or superseded revision too. See Session.Upgrade and Session.pace.
//  6. It asks for the release once more before an Upgrade that is no dry run. See Session.Upgrade.
//  7. Without an upgrade, it calls Reconcile with the release that it got. See Session.Reconcile.
//  8. It calls the hook with the newest revision if all has succeeded. See the release controller's dependents.
//  9. It writes the status at the end, once or, if an uninstall fails, twice. See package releasestatus, Client.
//  10. During a deletion it calls Uninstall right after it has named the release. It says UninstallSuccessful in the status before it
//     removes the finalizer. See Session.Uninstall, and package releasestatus.
//
// TestTheOrderOfCallsOfTheLibrary, beside the release controller, runs the library's own reconciler and compares its calls with these
// assumptions. It fails if another version calls in another order.
//
// How objects are written is in package kubeclient, which records are believed in package records, and what is asked before an upgrade
// in package admission. When a reconcile starts, and what the status says of it, does not belong here.
package session
