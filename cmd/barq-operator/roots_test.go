package main

import (
	"testing"

	"github.com/barq-db/barq-operator/test/authorities"
)

// Authorities are known even in a file system without certificates, such as the image's.
func TestAuthoritiesAreInTheBinary(t *testing.T) { authorities.RequireInBinary(t) }
