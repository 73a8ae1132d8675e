package report

import (
	"fmt"
	"io"

	"github.com/barq-db/barq-operator/test/bench"
)

// Print writes all tables.
func Print(out io.Writer, results *bench.Results) error {
	for _, table := range []table{figuresTable(results), requestsTable(results)} {
		if _, err := fmt.Fprintf(out, "\n%s", table); err != nil {
			return err
		}
	}
	return nil
}
