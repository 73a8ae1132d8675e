// Package releasestatus is the client with which the library writes a BarqCluster. Of what the library writes, it keeps the
// conditions, the name of the release and the finalizer. It merges them by server-side apply into what others have written meanwhile.
//
// What it takes for granted of the library's order of calls is among the assumptions of package session.
//
// What the conditions lead to does not belong here, nor what another controller writes into the status.
package releasestatus
