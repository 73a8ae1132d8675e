package main

import (
	"os"
	"slices"
	"testing"
)

// TestMain makes the test's program the one it tests when it is called as that, which
// it is by itself too, in namespaces.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"run", "inhabit", "serve", "sweep"}, os.Args[1]) {
		os.Exit(execute(os.Args[1:]))
	}
	os.Exit(m.Run())
}
