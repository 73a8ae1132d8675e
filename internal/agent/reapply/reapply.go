package reapply

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/barq-db/barq-operator/internal/agent/durable"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
	"github.com/barq-db/barq-operator/internal/barq/lines"
	"github.com/barq-db/barq-operator/internal/barq/schema"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
)

// Report is what became of the lines.
type Report struct {
	// Written counts the lines that are in the log now.
	Written int
	// Present are the documents that are there and were left as they are.
	Present []walline.ID
}

// candidate is a line that may be written.
type candidate struct {
	text []byte
	id   walline.ID
}

// Apply writes lines to the end of a collection's log. It writes all of them or, after an error, none.
// replace says that documents that are there are replaced. The server must not run.
func Apply(root *os.Root, collection datadir.Collection, from io.Reader, replace bool) (Report, error) {
	content, err := root.ReadFile(collection.Schema())
	if err != nil {
		return Report{}, err
	}
	read, err := schema.Parse(content)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", collection.Schema(), err)
	}
	candidates, err := check(from, read.Rules())
	if err != nil {
		return Report{}, err
	}
	present, err := presence(root, collection, read.Rules(), candidates)
	if err != nil {
		return Report{}, err
	}
	var report Report
	var text bytes.Buffer
	for _, line := range candidates {
		if present[line.id] && !replace {
			report.Present = append(report.Present, line.id)
			continue
		}
		text.Write(append(line.text, '\n'))
		report.Written++
	}
	if report.Written == 0 {
		return report, nil
	}
	return report, appendTo(root, collection, text.Bytes())
}

// check reads the lines. Each has to be an Insert that the server reads.
func check(from io.Reader, rules walline.Rules) ([]candidate, error) {
	checker := walline.NewChecker(rules)
	var found []candidate
	for reader := lines.NewReader(from); ; {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if line.Cut() {
			return nil, fmt.Errorf("line %d is longer than %d bytes", line.Number, lines.Max)
		}
		record, kind, column := checker.Check(line.Text)
		switch {
		case kind == walline.Blank:
		case kind != walline.Good:
			return nil, fmt.Errorf("line %d, column %d: the server does not read it (%s); correct it, or leave it out", line.Number, column+1, kind)
		case record.Infinite:
			return nil, fmt.Errorf("line %d: a number of its vector is too large for 32 bits; write one below 3.4e38", line.Number)
		case record.Op != walline.Insert:
			return nil, fmt.Errorf("line %d deletes a document; delete it through the API instead", line.Number)
		default:
			found = append(found, candidate{text: bytes.Clone(line.Text), id: record.ID})
		}
	}
}

// presence returns which documents of the candidates are there.
func presence(root *os.Root, collection datadir.Collection, rules walline.Rules, candidates []candidate) (map[walline.ID]bool, error) {
	present := map[walline.ID]bool{}
	for _, line := range candidates {
		present[line.id] = false
	}
	files, err := collection.Files(root)
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		file, err := root.Open(name)
		if err != nil {
			return nil, err
		}
		err = wal.Records(file, rules, func(_ []byte, _ int64, record walline.Record) error {
			if _, wanted := present[record.ID]; wanted {
				present[record.ID] = record.Op == walline.Insert
			}
			return nil
		})
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w; start the database once, which repairs it", name, err)
		}
	}
	return present, nil
}

// appendTo writes to the end of the log in one write. If a crash cuts it off, the next start repairs
// it.
func appendTo(root *os.Root, collection datadir.Collection, text []byte) error {
	file, err := root.OpenFile(collection.Log(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	about, err := file.Stat()
	if err == nil {
		_, err = file.Write(text)
	}
	if err != nil {
		// What a full disk has room for must not stay.
		return errors.Join(err, file.Truncate(about.Size()), file.Close())
	}
	return errors.Join(durable.Finish(file), durable.Sync(root, collection.Folder()))
}
