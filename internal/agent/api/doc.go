// Package api serves what the agent knows to the operator, over TLS with certificates on both sides.
//
// The files of the certificates are read again for each connection, so that a Secret that was renewed
// counts at once. A client shows a certificate that the same authority has signed.
//
// What lives here: the server. What it says is in internal/agentapi/v1.
package api
