package testbed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/test/markdown"
)

// Main is the function main of a command.
func Main(command *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command.SilenceErrors, command.SilenceUsage = true, true
	if err := command.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, command.Name()+":", err)
		stop()
		os.Exit(1)
	}
}

// Suite is the command of a suite with results, which it keeps in files and writes into a page.
type Suite[Results any] struct {
	// Output is the folder of results.json and logs, and Docs that of the page; empty for none.
	Output, Docs string
	// Print shows results, and WriteDocs writes the page.
	Print     func(out io.Writer, results *Results) error
	WriteDocs func(folder string, results *Results) error
}

// Register gives the suite's command its flags of folders, and the command report beside it.
func (s *Suite[Results]) Register(command *cobra.Command, page string) {
	flags := command.PersistentFlags()
	flags.StringVar(&s.Output, "output", "test/output/"+command.Name(), "folder of results.json and logs")
	flags.StringVar(&s.Docs, "docs", "", "folder of "+page+", to which results are written; none if empty")
	command.AddCommand(&cobra.Command{
		Use:   "report",
		Short: "Show, and with --docs write, the results of an earlier run",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			results, err := ReadResults[Results](s.ResultsFile())
			if err != nil {
				return err
			}
			return s.show(command, results)
		},
	})
}

// ResultsFile is where the results of a run are.
func (s *Suite[Results]) ResultsFile() string { return filepath.Join(s.Output, "results.json") }

// Run runs the suite, keeps its results and shows them. The page gets only whole results.
func (s *Suite[Results]) Run(command *cobra.Command, run func(folder string, keep func(*Results) error) (*Results, error)) error {
	folder, err := filepath.Abs(s.Output)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	keep := func(results *Results) error { return WriteResults(s.ResultsFile(), results) }
	results, err := run(folder, keep)
	if results == nil {
		return err
	}
	if err := errors.Join(err, keep(results)); err != nil {
		return errors.Join(err, s.Print(command.OutOrStdout(), results))
	}
	return s.show(command, results)
}

func (s *Suite[Results]) show(command *cobra.Command, results *Results) error {
	if err := s.Print(command.OutOrStdout(), results); err != nil || s.Docs == "" {
		return err
	}
	return s.WriteDocs(s.Docs, results)
}

// ReadResults reads what WriteResults wrote.
func ReadResults[Results any](file string) (*Results, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	results := new(Results)
	if err := json.Unmarshal(content, results); err != nil {
		return nil, fmt.Errorf("results of a run in %s: %w", file, err)
	}
	return results, nil
}

// WriteResults writes all results of a run.
func WriteResults(file string, results any) error {
	content, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}

// Page is a page of the documents with a part that a suite writes.
type Page struct {
	// Name of the page, without .md, and Goal of make that writes it.
	Name, Goal string
	// Results is the name of the file of results beside the page, results.json if it is empty.
	Results string
}

// Markers are the lines around the part.
func (p Page) Markers() (begin, end string) {
	return "<!-- begin: written by make " + p.Goal + " -->", "<!-- end: written by make " + p.Goal + " -->"
}

// Beside is a file beside the page in the folder of documents.
func (p Page) Beside(docs, file string) string { return filepath.Join(docs, p.Name, file) }

// Write writes the part, and the results beside the page.
func (p Page) Write(docs, part string, results any) error {
	file := p.Beside(docs, cmp.Or(p.Results, "results.json"))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := WriteResults(file, results); err != nil {
		return err
	}
	begin, end := p.Markers()
	return markdown.WritePart(filepath.Join(docs, p.Name+".md"), begin, end, part)
}
