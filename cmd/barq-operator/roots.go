package main

// The certificates of the authorities that Mozilla trusts, for an image that has none.
// Where there are files of them they count instead, for instance those of a private
// authority, mounted at /etc/ssl/certs.
import _ "golang.org/x/crypto/x509roots/fallback"
