// Package version says which build of the operator this is. The linker writes
// its variables; nothing else belongs here.
package version
