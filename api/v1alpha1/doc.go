// Package v1alpha1 is the API that users write: the group barq.db with the kinds
// BarqCluster and BarqBackupStore.
//
// It holds types, their validation as markers (the API server enforces them by
// CEL, there is no webhook) and the names of conditions and their reasons. It
// must not hold behaviour: what a field turns into is decided in
// internal/translate, what a condition says in internal/controller/status.
//
// +kubebuilder:object:generate=true
// +groupName=barq.db
package v1alpha1
