// Package upgrade decides, from what is stored and what is rendered, how an upgrade goes. It says whether a person asked for the
// upgrade, whether it restarts pods and has to wait for its turn, and what a person is told about the reason.
//
// It makes no request to the API server, and writes nothing.
package upgrade
