package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/barq-db/barq-operator/test/chaos"
	"github.com/barq-db/barq-operator/test/markdown"
	"github.com/barq-db/barq-operator/test/testbed"
)

// Page has the results of a whole run.
var Page = testbed.Page{Name: "reliability", Goal: "chaos"}

// shown is how many violations of a row are told; the file of results has all.
const shown = 5

// WriteDocs puts the results into reliability.md in the folder of documents, and beside it.
func WriteDocs(folder string, results *chaos.Results) error {
	return Page.Write(folder, Markdown(results), results)
}

// Print writes the generated part of the page.
func Print(out io.Writer, results *chaos.Results) error {
	_, err := io.WriteString(out, Markdown(results))
	return err
}

// Verdict is an error if anything did not hold.
func Verdict(results *chaos.Results) error {
	var failed []string
	for _, row := range results.Rows {
		if len(row.Violations) > 0 {
			failed = append(failed, row.Fault)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("not all held under %s; --seed %d makes the same random choices again", strings.Join(failed, ", "), results.Parameters.Seed)
}

// Markdown gives the generated part of the page.
func Markdown(results *chaos.Results) string {
	var text strings.Builder
	p := results.Parameters
	fmt.Fprintf(&text, "\nRun on %s: %s", results.Started.Format("2 January 2006"), results.Machine)
	fmt.Fprintf(&text, "`--n %d --killed %d --bad %d --steps %d --edits %d --fault-time %s --seed %d`\n\n",
		p.Clusters, p.Killed, p.Bad, p.Steps, p.Edits, p.FaultTime, p.Seed)
	text.WriteString(table(results).String())
	text.WriteString(earlier(results))
	for _, row := range results.Rows {
		if len(row.Violations) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\nWhat did not hold under %s, %d in all:\n\n", row.Fault, len(row.Violations))
		for _, violation := range row.Violations[:min(shown, len(row.Violations))] {
			fmt.Fprintf(&text, "```\n%s\n```\n", violation)
		}
	}
	text.WriteString("\n### The faults\n\n")
	for _, row := range results.Rows {
		fmt.Fprintf(&text, "- `%s`: %s\n", row.Fault, row.Does)
	}
	return text.String() + "\n"
}

// earlier says which rows are from runs before this one, by the commit of the operator.
func earlier(results *chaos.Results) string {
	faults := map[string][]string{}
	var commits []string
	for _, row := range results.Rows {
		if row.Operator == "" {
			continue
		}
		if faults[row.Operator] == nil {
			commits = append(commits, row.Operator)
		}
		faults[row.Operator] = append(faults[row.Operator], "`"+row.Fault+"`")
	}
	var text strings.Builder
	for _, commit := range commits {
		fmt.Fprintf(&text, "\nFrom a run before, with the operator of commit %s: %s.\n", commit, strings.Join(faults[commit], ", "))
	}
	return text.String()
}

// table has a row for each kind of work under each fault, and one above for what has to hold.
func table(results *chaos.Results) markdown.Table {
	rows := markdown.Table{
		{
			"fault", "clusters", "work", "times", "fault, s", "all as it should be after, s", "releases under way", "objects wrong",
			"pods restarted without need", "newest revision", "goroutines", "heap, MiB", "",
		},
		{"target", "", "", "", "", "", "0", "0", "0", "", "at most 5 more", "at most 8 more", ""},
	}
	for _, row := range results.Rows {
		for i, phase := range row.Phases {
			line := []string{
				"", "", phase.Name, "", fmt.Sprintf("%.1f", phase.Seconds), fmt.Sprintf("%.1f", phase.Converged),
				fmt.Sprint(phase.UnderWay), fmt.Sprint(phase.Objects), fmt.Sprint(phase.Restarts), fmt.Sprint(phase.Revisions), "", "", "",
			}
			if i == 0 {
				line[0], line[1], line[3] = row.Fault, fmt.Sprint(row.Clusters), fmt.Sprint(row.Injected)
				line[10] = fmt.Sprintf("%d, then %d", row.Before.Goroutines, row.After.Goroutines)
				line[11] = fmt.Sprintf("%.1f, then %.1f", row.Before.HeapMiB, row.After.HeapMiB)
				line[12] = verdict(row)
			}
			rows = append(rows, line)
		}
	}
	return rows
}

func verdict(row *chaos.Row) string {
	if len(row.Violations) > 0 {
		return "failed"
	}
	return "held"
}
