// Package settled remembers, for each BarqCluster, the release for which its last reconcile found nothing to do. As long as neither
// the stored release nor what it is rendered from changes, the next reconcile need not ask the API server.
//
// Whether the objects are still what they were is asked of the cache, elsewhere.
package settled
