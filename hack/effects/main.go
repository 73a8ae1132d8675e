// The command effects reads what a change of each field of the spec does from the markers +barq:effect of the API's types. It
// writes the Go table of them, and into the comment of a field the sentence that tells users. `make generate` runs it.
package main

import (
	"fmt"
	"os"
)

const (
	types = "api/v1alpha1/barqcluster_types.go"
	table = "api/v1alpha1/zz_generated.effects.go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "effects:", err)
		os.Exit(1)
	}
}

func run() error {
	source, err := os.ReadFile(types)
	if err != nil {
		return fmt.Errorf("reading the types: %w", err)
	}
	found, err := read(source)
	if err != nil {
		return fmt.Errorf("%s: %w", types, err)
	}
	generated, err := found.table()
	if err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	for path, content := range map[string][]byte{types: found.explained(), table: generated} {
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // Source files are for everyone to read.
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}
