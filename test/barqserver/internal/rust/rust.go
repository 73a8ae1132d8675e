// Package rust words what goes wrong as Barq DB's libraries do: its error handling, its
// panics and its errors of the system. On the standard error of a server that did not start, only
// the place of a panic tells the two servers apart.
package rust

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Report is what a program says that ends with an error: the error, and then what caused it.
func Report(err error) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Error: %s\n", err)
	var causes []string
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
		causes = append(causes, cause.Error())
	}
	if len(causes) > 0 {
		text.WriteString("\nCaused by:\n")
	}
	for number, cause := range causes {
		if len(causes) == 1 {
			fmt.Fprintf(&text, "    %s\n", cause)
		} else {
			fmt.Fprintf(&text, "    %d: %s\n", number, cause)
		}
	}
	return text.String()
}

// Threads that panic.
const (
	MainThread   = "main"
	WorkerThread = "tokio-rt-worker"
)

// Panic is what a thread says that panics. Only the place is none of Barq DB's.
func Panic(thread, reason string) string {
	return fmt.Sprintf("\nthread '%s' (%d) panicked at stand-in.rs:1:1:\n%s\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n", thread, os.Getpid(), reason)
}

// SystemError gives an error of the system without the file or address that it is about. Any other error stays as it is.
func SystemError(err error) error {
	number := syscall.Errno(0)
	if !errors.As(err, &number) {
		return err
	}
	text := number.Error()
	return fmt.Errorf("%s (os error %d)", strings.ToUpper(text[:1])+text[1:], int(number))
}

// Kinds of errors of the system, as Rust names them.
var kinds = map[syscall.Errno]string{syscall.EADDRINUSE: "AddrInUse", syscall.ENOENT: "NotFound"}

// Debug gives an error of the system as a panic shows it.
func Debug(err error) string {
	number := syscall.Errno(0)
	if !errors.As(err, &number) {
		return err.Error()
	}
	text := number.Error()
	return fmt.Sprintf("Os { code: %d, kind: %s, message: %q }", int(number), kinds[number], strings.ToUpper(text[:1])+text[1:])
}
