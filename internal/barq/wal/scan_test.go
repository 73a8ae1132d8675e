package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/lines"
	"github.com/barq-db/barq-operator/internal/barq/wal"
	"github.com/barq-db/barq-operator/internal/barq/walline"
	"github.com/barq-db/barq-operator/internal/barq/walline/wallinetest"
)

// Pieces of lines.
const (
	one     = wallinetest.One
	two     = wallinetest.Two
	gone    = wallinetest.Gone
	poison  = wallinetest.Poison
	foreign = wallinetest.Foreign
	torn    = wallinetest.Torn
	zeros   = "\x00\x00\x00"
)

// scan writes what Scan finds, a line for each damage: the number, what it is, what the repair
// costs, and the pieces, those to take out with their kind.
func scan(t *testing.T, content string) (wal.Summary, []string) {
	t.Helper()
	found := []string{}
	summary, err := wal.Scan(strings.NewReader(content), wallinetest.Rules(), func(damage wal.Damage, text []byte) error {
		require.Equal(t, content[damage.Offset:damage.Offset+damage.Length], string(text))
		require.Equal(t, damage.Ended, int(damage.Offset+damage.Length) < len(content))
		require.LessOrEqual(t, damage.Column, len(text))
		said := fmt.Sprintf("%d %s %s:", damage.Line, damage.Kind, []string{"Certain", "Losing", "Unsure"}[damage.Cure])
		for _, piece := range damage.Pieces {
			part := string(text[piece.Start:piece.End])
			if piece.Kind != walline.Good {
				part = piece.Kind.String() + "(" + part + ")"
			}
			said += " " + part
		}
		found = append(found, said)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, int64(len(content)), summary.Bytes)
	return summary, found
}

func TestScan(t *testing.T) {
	// A payload that holds a record, of a write that is cut off behind it.
	forged := `{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2.0],"payload":{"body":"b","x":` + gone
	nested := `{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2.0],"payload":{"body":"b","x":[1,`
	inText := `{"op":{"Insert":{"id":{"U64":4},"vector":[1.0,2.0],"payload":{"body":"b {`
	for name, c := range map[string]struct {
		content string
		found   []string
		// inserts and deletes are the good records.
		inserts, deletes int
	}{
		"empty":      {"", nil, 0, 0},
		"good":       {one + "\n" + gone + "\n", nil, 1, 1},
		"blank":      {"\n" + one + "\r\n \t\n\n", nil, 1, 0},
		"white tail": {one + "\n \t", nil, 1, 0},

		// The tail.
		"no newline":              {two + "\n" + one, []string{"2 Unended Certain: " + one}, 2, 0},
		"torn tail":               {one + "\n" + torn, []string{"2 Torn Certain: Torn(" + torn + ")"}, 1, 0},
		"only torn":               {torn, []string{"1 Torn Certain: Torn(" + torn + ")"}, 0, 0},
		"zeros tail":              {one + "\n" + zeros, []string{"2 Zeros Certain: Zeros(" + zeros + ")"}, 1, 0},
		"torn and zeros":          {torn + zeros, []string{"1 Zeros Certain: Torn(" + torn + ") Zeros(" + zeros + ")"}, 0, 0},
		"record and zeros":        {one + zeros, []string{"1 Zeros Certain: " + one + " Zeros(" + zeros + ")"}, 1, 0},
		"zeros inside a tail":     {torn + zeros + "2.0]", []string{"1 Zeros Unsure: Torn(" + torn + ") Zeros(" + zeros + ") Foreign(2.0) Torn(])"}, 0, 0},
		"poison tail":             {one + "\n" + poison, []string{"2 NoNumber Certain: NoNumber(" + poison + ")"}, 1, 0},
		"record and torn tail":    {one + torn, []string{"1 Torn Certain: " + one + " Torn(" + torn + ")"}, 1, 0},
		"torn and unended record": {torn + one, []string{"1 Torn Certain: Torn(" + torn + ") " + one}, 1, 0},
		"torn in a character":     {one + "\n" + inText + "\xc3", []string{"2 Torn Certain: Torn(" + inText + "\xc3)"}, 1, 0},

		// Several on a line.
		"two":                {one + gone + "\n", []string{"1 Joined Certain: " + one + " " + gone}, 1, 1},
		"three":              {one + gone + two + "\n" + one + "\n", []string{"1 Joined Certain: " + one + " " + gone + " " + two}, 3, 1},
		"two and a tail":     {one + two, []string{"1 Joined Certain: " + one + " " + two}, 2, 0},
		"torn, whole":        {two + "\n" + torn + one + "\n", []string{"2 Torn Certain: Torn(" + torn + ") " + one}, 2, 0},
		"torn and two":       {torn + one + two + "\n", []string{"1 Torn Certain: Torn(" + torn + ") " + one + " " + two}, 2, 0},
		"whole, torn, whole": {two + torn + one + "\n", []string{"1 Torn Certain: " + two + " Torn(" + torn + ") " + one}, 2, 0},
		"twice torn, whole":  {torn + torn + one + "\n", []string{"1 Torn Certain: Torn(" + torn + torn + ") " + one}, 1, 0},
		"torn in a text":     {inText + one + "\n", []string{"1 Torn Certain: Torn(" + inText + ") " + one}, 1, 0},
		"torn in a list":     {nested + one + "\n", []string{"1 Torn Certain: Torn(" + nested + ") " + one}, 1, 0},
		"a byte, whole":      {"{" + one + "\n", []string{"1 Torn Certain: Torn({) " + one}, 1, 0},
		"poison, whole":      {poison + one + "\n", []string{"1 NoNumber Certain: NoNumber(" + poison + ") " + one}, 1, 0},
		"half a character":   {inText + "\xc3" + one + "\n", []string{"1 Torn Certain: Torn(" + inText + "\xc3) " + one}, 1, 0},
		// A record that a user has put into a payload is none. Nor is one that could be: it was not
		// acknowledged either.
		"nested, two":   {nested + one + two + "\n", []string{"1 Torn Certain: Torn(" + nested + one + ") " + two}, 1, 0},
		"forged, whole": {forged + one + "\n", []string{"1 Torn Certain: Torn(" + forged + ") " + one}, 1, 0},
		"forged, tail":  {forged, []string{"1 Torn Certain: Torn(" + forged + ")"}, 0, 0},

		// Acknowledged.
		"poison":       {one + "\n" + poison + "\n" + two + "\n", []string{"2 NoNumber Losing: NoNumber(" + poison + ")"}, 2, 0},
		"dimension":    {foreign + "\n", []string{"1 WrongDimension Losing: WrongDimension(" + foreign + ")"}, 0, 0},
		"torn, poison": {torn + poison + "\n", []string{"1 NoNumber Losing: Torn(" + torn + ") NoNumber(" + poison + ")"}, 0, 0},
		"other JSON":   {`{"a":1}` + "\n", []string{`1 Foreign Losing: Foreign({"a":1})`}, 0, 0},
		"not UTF-8":    {strings.Replace(one, "one", "\xff", 1) + "\n", []string{"1 NotUTF8 Losing: NotUTF8(" + strings.Replace(one, "one", "\xff", 1) + ")"}, 0, 0},

		// Not certain.
		"torn line":        {one + "\n" + torn + "\n" + two + "\n", []string{"2 Torn Unsure: Torn(" + torn + ")"}, 2, 0},
		"torn last line":   {torn + "\n", []string{"1 Torn Unsure: Torn(" + torn + ")"}, 0, 0},
		"record and rest":  {one + "}\n", []string{"1 Torn Unsure: " + one + " Torn(})"}, 1, 0},
		"words":            {"hello\n", []string{"1 Torn Unsure: Torn(hello)"}, 0, 0},
		"a hole":           {torn + zeros + "5]\n" + two + "\n", []string{"1 Zeros Unsure: Torn(" + torn + ") Zeros(" + zeros + ") Foreign(5) Torn(])"}, 1, 0},
		"a hole, a record": {zeros + one + two + "\n", []string{"1 Zeros Unsure: Zeros(" + zeros + ") " + one + " " + two}, 2, 0},

		// A seal says that what is before it was never acknowledged. It says nothing of a hole.
		"sealed":        {torn + wal.Seal + one + "\n", []string{"1 Torn Certain: Torn(" + torn + ")"}, 1, 0},
		"sealed at end": {torn + wal.Seal, []string{"1 Torn Certain: Torn(" + torn + ")"}, 0, 0},
		"sealed, then not": {torn + wal.Seal + torn + "\n" + one + "\n" + wal.Seal, []string{
			"1 Torn Certain: Torn(" + torn + ")", "3 Torn Unsure: Torn(" + torn + ")",
		}, 1, 0},
		"sealed record": {one + wal.Seal + two + "\n", nil, 2, 0},
		"sealed hole":   {torn + zeros + "]" + wal.Seal, []string{"1 Zeros Unsure: Torn(" + torn + ") Zeros(" + zeros + ") Torn(])"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			summary, found := scan(t, c.content)
			if c.found == nil {
				c.found = []string{}
			}
			require.Equal(t, c.found, found)
			require.Equal(t, [2]int{c.inserts, c.deletes}, [2]int{summary.Inserts, summary.Deletes})
		})
	}
}

func TestSummary(t *testing.T) {
	large := strings.Replace(one, "1.0", "1e39", 1)
	summary, _ := scan(t, one+"\n\n"+large+"\n"+gone+"\n"+foreign+"\n"+poison+"\n")
	summary.Bytes = 0
	require.Equal(t, wal.Summary{Lines: 6, Inserts: 2, Deletes: 1, Infinite: 1, Misfits: 1}, summary)
}

// repeat reads a text over and over.
type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(into []byte) (int, error) {
	for index := range into {
		into[index] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	return len(into), nil
}

// A line that is too long is passed over, whatever it is, and the lines behind it are read.
func TestLinesThatAreTooLong(t *testing.T) {
	long := func(text string, length int64) io.Reader { return io.LimitReader(&repeat{text: text}, length) }
	const length = 3*lines.Max/2 + 5
	for name, c := range map[string]struct {
		content []io.Reader
		kind    walline.Kind
		cure    wal.Cure
		inserts int
	}{
		"line":         {[]io.Reader{strings.NewReader(one + "\n"), long("x", length), strings.NewReader("\n" + two + "\n")}, walline.TooLong, wal.Unsure, 2},
		"tail":         {[]io.Reader{strings.NewReader(one + "\n"), long("x", length)}, walline.TooLong, wal.Unsure, 1},
		"zeros":        {[]io.Reader{strings.NewReader(one + "\n"), long("\x00", length)}, walline.Zeros, wal.Certain, 1},
		"a hole":       {[]io.Reader{strings.NewReader(one + "\n"), long("\x00", length), strings.NewReader("\n" + two + "\n")}, walline.TooLong, wal.Unsure, 2},
		"after a hole": {[]io.Reader{strings.NewReader(one + "\n"), long("\x00", length-1), strings.NewReader("x")}, walline.TooLong, wal.Unsure, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var found []wal.Damage
			summary, err := wal.Scan(io.MultiReader(c.content...), wallinetest.Rules(), func(damage wal.Damage, text []byte) error {
				require.Len(t, text, lines.Max)
				found = append(found, damage)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, c.inserts, summary.Inserts)
			require.Len(t, found, 1)
			require.Equal(t, c.kind, found[0].Kind)
			require.Equal(t, c.cure, found[0].Cure)
			require.Equal(t, int64(len(one)+1), found[0].Offset)
			require.Equal(t, int64(length), found[0].Length)
		})
	}
}

// A line may be as long as it can be, and come in pieces of any size.
func TestLongLines(t *testing.T) {
	long := strings.Replace(one, "one", strings.Repeat("x", 5<<20), 1)
	content := long + "\n" + two + "\n" + long + "\n" + torn
	for _, reader := range []io.Reader{strings.NewReader(content), iotest.HalfReader(strings.NewReader(content)), iotest.DataErrReader(strings.NewReader(content))} {
		damages := 0
		summary, err := wal.Scan(reader, wallinetest.Rules(), func(damage wal.Damage, text []byte) error {
			damages++
			require.Equal(t, torn, string(text))
			require.Equal(t, int64(len(content)-len(torn)), damage.Offset)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 1, damages)
		require.Equal(t, wal.Summary{Bytes: int64(len(content)), Lines: 4, Inserts: 3}, summary)
	}
}

// What no server writes takes no more time or memory than its size asks for.
func TestLinesThatNoServerWrites(t *testing.T) {
	for name, line := range map[string]string{
		"many pieces":   strings.Repeat("{}", 1<<18),
		"many records":  strings.Repeat(gone, 1<<16),
		"many starts":   strings.Repeat(`{"op":`, 1<<18) + one,
		"many openings": strings.Repeat(`[{"op":{"Insert":{"payload":`, 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			visited := 0
			_, err := wal.Scan(strings.NewReader(line+"\n"), wallinetest.Rules(), func(damage wal.Damage, _ []byte) error {
				visited++
				require.Equal(t, walline.Torn, damage.Kind)
				require.Equal(t, wal.Unsure, damage.Cure)
				require.LessOrEqual(t, len(damage.Pieces), 10001)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, 1, visited)
			require.Less(t, time.Since(begin), 20*time.Second)
		})
	}
}

func TestScanFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := wal.Scan(io.MultiReader(strings.NewReader(one+"\n"), iotest.ErrReader(broken)), wallinetest.Rules(), nil)
	require.ErrorIs(t, err, broken)
	for _, content := range []string{torn, torn + "\n", torn + "\n" + one + "\n", one, poison + "\n"} {
		_, err = wal.Scan(bytes.NewReader([]byte(content)), wallinetest.Rules(), func(wal.Damage, []byte) error { return broken })
		require.ErrorIs(t, err, broken)
	}
}
