package main

// The certificates of the authorities that Mozilla trusts, for an image without any. Files with
// certificates replace them, for instance those of a private authority, mounted at /etc/ssl/certs.
import _ "golang.org/x/crypto/x509roots/fallback"
