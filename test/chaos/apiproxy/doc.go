// Package apiproxy stands between one client and the API server, and makes of a good connection a bad one: slow,
// refusing, forgetful of answers, late with what it watches, or cut.
//
// It answers nothing of itself except for the refusals that it is told to make; everything else is the real API server's. What
// comes of a fault is the business of the caller.
package apiproxy
