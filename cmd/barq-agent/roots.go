//go:build linux

package main

// The image of the agent has no certificate authorities, and that of the database may have none. Without these roots
// no store with a public certificate could be used.
import _ "golang.org/x/crypto/x509roots/fallback"
