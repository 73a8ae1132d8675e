// Package upgrade decides, from what is stored and what is rendered, how an upgrade goes: whether a person asked for it, whether it
// restarts pods and has to wait for its turn, and what a person is told about the reason.
//
// It makes no request to the API server, and writes nothing.
package upgrade
