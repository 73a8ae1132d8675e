package ending_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/ending"
)

// The words are those of the real server; docs/barq-server.md has the conformance test of each.
func TestWhy(t *testing.T) {
	for name, test := range map[string]struct {
		end     ending.End
		words   string
		reason  ending.Reason
		message string
	}{
		"stopped": {reason: ending.Stopped, words: "thread 'main' panicked at src/a.rs:1:2:\nignored", message: "It stopped."},
		"stopped while it read its data": {
			end: ending.End{Signal: 2}, reason: ending.Stopped, words: "thread 'main' panicked at src/a.rs:1:2:\nignored",
			message: "SIGINT ended it: it was asked to stop while it read its data.",
		},
		"line": {
			end: ending.End{Code: 1}, reason: ending.Log,
			words:   "Error: serialization error: trailing characters at line 1 column 88\n\nCaused by:\n    trailing characters at line 1 column 88\n",
			message: "A line of a log or a segment cannot be read: trailing characters at line 1 column 88.",
		},
		"schema": {
			end: ending.End{Code: 1}, reason: ending.Schema,
			words:   "Error: serialization error: missing field `fields` at line 12 column 1\n",
			message: "A schema.json cannot be read: missing field `fields` at line 12 column 1.",
		},
		"empty schema": {
			end: ending.End{Code: 1}, reason: ending.Schema,
			words: "Error: serialization error: EOF while parsing a value at line 1 column 0\n", message: "A schema.json is empty.",
		},
		"two folders": {
			end: ending.End{Code: 1}, reason: ending.Schema, words: "Error: catalog error: collection things already exists\n",
			message: "Two folders hold a collection that is called things. Move one of them away.",
		},
		"data directory": {
			end: ending.End{Code: 1}, reason: ending.DataDirectory, words: "Error: io error: Permission denied (os error 13)\n",
			message: "The data directory cannot be used: Permission denied (os error 13).",
		},
		"port": {
			end: ending.End{Code: 1}, reason: ending.Address, words: "Error: Address already in use (os error 98)\n",
			message: "It cannot listen: Address already in use (os error 98).",
		},
		"gRPC port and then killed": {
			end: ending.End{Signal: 9}, reason: ending.Killed, words: "thread 'tokio-rt-worker' (7) panicked at src/a.rs:1:2:\ngRPC server failed",
			message: "SIGKILL ended it: it took more memory than its limit, or a person or the node killed it.",
		},
		"segment": {
			end: ending.End{Code: 1}, reason: ending.SegmentMissing,
			words:   "Failed to restore segment tenants/a/collections/b/segments/c: NotFound\nError: object store error: NotFound\n",
			message: "tiering_state.json lists the segment tenants/a/collections/b/segments/c, and it is not in the data directory. Put it back, or take it out of that file.",
		},
		"flag": {
			end: ending.End{Code: 2}, reason: ending.Settings, words: "error: invalid value 'localhost:80' for '--addr <ADDR>': invalid socket address syntax\n",
			message: "--addr <ADDR> cannot be localhost:80.",
		},
		"other panic": {
			end: ending.End{Code: 101}, reason: ending.Panic, words: "\nthread 'main' (12) panicked at barq-core/src/lib.rs:3:4:\nthe key is swordfish\n",
			message: "Barq DB panicked at barq-core/src/lib.rs:3:4. Its log has its last words.",
		},
		"other error": {
			end: ending.End{Code: 1}, reason: ending.Unknown, words: "Error: the key swordfish is wrong\n",
			message: "It exited with code 1. Its log has its last words.",
		},
		"terminated": {end: ending.End{Signal: 15}, reason: ending.Killed, message: "Signal 15 ended it."},
		"aborted":    {end: ending.End{Signal: 6}, reason: ending.Panic, message: "It ended itself with SIGABRT. Its log has its last words."},
		"memory": {
			end: ending.End{Signal: 6}, reason: ending.Memory, words: "memory allocation of 4096 bytes failed\n",
			message: "It was refused 4096 bytes of memory. Give it a higher limit.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cause := ending.Why(test.end, test.words)
			require.Equal(t, ending.Cause{Reason: test.reason, Message: test.message}, cause)
		})
	}
}

func TestExitCode(t *testing.T) {
	require.Equal(t, 101, ending.End{Code: 101}.ExitCode())
	require.Equal(t, 137, ending.End{Signal: 9}.ExitCode())
}
