// Package releasestatus is the client that the library writes a BarqCluster with: of what it writes, its conditions, the name of the
// release and its finalizer are kept, and merged by server-side apply into what others have written meanwhile.
//
// What the conditions lead to does not belong here, nor what another controller writes into the status.
package releasestatus
