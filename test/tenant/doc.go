// Package tenant makes tenants on a cluster for tests about security: users who may write BarqClusters and Secrets in one namespace,
// and nothing else. Beside them it makes objects of administrators, and a Guard that tells whether the operator has touched any
// object that is not of a tenant's BarqCluster.
//
// What must not live here: what a tenant does, and starting clusters or operators.
package tenant
