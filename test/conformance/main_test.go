package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/barq-db/barq-operator/test/privatenetwork"
)

// Variables of the environment.
const (
	// serverVariable names the program under test.
	serverVariable = "BARQ_SERVER_BIN"
	// longVariable makes some tests do as much as their facts were found with, which takes long.
	longVariable = "CONFORMANCE_LONG"
	// standInVariable is set for the process that runs the tests when the program
	// under test is the stand-in.
	standInVariable = "CONFORMANCE_STAND_IN"
)

var (
	// serverProgram is the program under test.
	serverProgram string
	// isStandIn tells whether that is the stand-in.
	isStandIn bool
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance tests:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if isConfined() {
		return 1, confine()
	}
	if privatenetwork.Inside() {
		if err := privatenetwork.Start(); err != nil {
			return 1, err
		}
		serverProgram, isStandIn = os.Getenv(serverVariable), os.Getenv(standInVariable) != ""
		return m.Run(), nil
	}

	serverProgram = os.Getenv(serverVariable)
	if serverProgram == "" {
		folder, err := os.MkdirTemp("", "barq-server-")
		if err != nil {
			return 1, err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		serverProgram, isStandIn = filepath.Join(folder, "barq-server"), true
		build := exec.Command("go", "build", "-o", serverProgram, "../barqserver/cmd/barq-server")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return 1, fmt.Errorf("build the stand-in: %w", err)
		}
	}
	var err error
	if serverProgram, err = filepath.Abs(serverProgram); err != nil {
		return 1, err
	}
	if !privatenetwork.Possible() {
		return m.Run(), nil
	}
	variables := []string{serverVariable + "=" + serverProgram}
	if isStandIn {
		variables = append(variables, standInVariable+"=1")
	}
	return privatenetwork.Run(variables...)
}

// needsTheRealServer skips a test of something that the stand-in has not.
func needsTheRealServer(t *testing.T, reason string) {
	t.Helper()
	if isStandIn {
		t.Skip("for the real server only; of the stand-in: " + reason)
	}
}

// long tells whether tests may take hours.
func long() bool { return os.Getenv(longVariable) != "" }

// longOr gives the first number if tests may take long, else the second.
func longOr(number, otherwise int) int {
	if long() {
		return number
	}
	return otherwise
}
