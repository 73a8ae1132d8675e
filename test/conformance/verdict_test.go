package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"
)

// report is what the server says when it ends with an error: the whole of it, and
// then each cause by itself.
func report(whole string, causes ...string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Error: %s\n", whole)
	for number, cause := range causes {
		if number == 0 {
			text.WriteString("\nCaused by:\n")
		}
		if len(causes) == 1 {
			fmt.Fprintf(&text, "    %s\n", cause)
		} else {
			fmt.Fprintf(&text, "    %d: %s\n", number, cause)
		}
	}
	return text.String()
}

// unreadable is the report on a file that is not what it should be.
func unreadable(reason string) string { return report("serialization error: "+reason, reason) }

// refused is the report on a file that says what cannot be.
func refused(reason string) string { return report("catalog error: "+reason, reason) }

// The threads that panic.
const (
	mainThread   = "main"
	workerThread = "tokio-rt-worker"
)

// panicOf is a pattern of the whole of what a thread says that panics. Where in its source that was
// is the server's own affair.
func panicOf(thread, reason string) string {
	return `^\nthread '` + thread + `'( \(\d+\))? panicked at [^\n]+:\d+:\d+:\n` + regexp.QuoteMeta(reason) +
		"\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n$"
}

// What the server says when it uses a client of a tier, or ends one.
const (
	cannotStartRuntime = "Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted to block the current thread while the thread is being used to drive asynchronous tasks. If you are in an async function, use `.await` on the future instead of blocking on it."
	cannotDropRuntime  = "Cannot drop a runtime in a context where blocking is not allowed. This happens when a runtime is dropped from within an asynchronous context."
)

// requireFailure requires that a server does not start on the data, and that it says just that on its standard error.
func (s *server) requireFailure(said string) {
	s.t.Helper()
	broken := launch(s.t, start{dir: s.dir})
	require.Equal(s.t, failed, broken.exit(), broken.problems())
	require.Equal(s.t, said, broken.problems())
}

// copyTo copies the data to another directory, as it is now.
func (s *server) copyTo(other *server) {
	s.t.Helper()
	require.NoError(s.t, os.CopyFS(filepath.Join(other.dir, "data"), os.DirFS(filepath.Join(s.dir, "data"))))
}
