package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/barq-db/barq-operator/internal/barq/strictjson"
)

// value reads one value, and reports whether it is all there is.
func value(content string, ignored bool) (scanner strictjson.Scanner, whole bool) {
	scanner.Reset([]byte(content))
	if ignored {
		whole = scanner.Ignored()
	} else {
		whole = scanner.Value(0)
	}
	if whole {
		scanner.Space()
		whole = scanner.Pos == len(content)
	}
	return scanner, whole
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// What serde_json 1.0.154 refuses although it is JSON.
func TestProblems(t *testing.T) {
	for content, want := range map[string]strictjson.Problem{
		nested(127): strictjson.NoProblem, nested(128): strictjson.TooDeep,
		strings.Repeat(`{"a":`, 127) + "1" + strings.Repeat("}", 127): strictjson.NoProblem,
		strings.Repeat(`{"a":`, 128) + "1" + strings.Repeat("}", 128): strictjson.TooDeep,

		"1e308": strictjson.NoProblem, "1e309": strictjson.OutOfRange, "-1e309": strictjson.OutOfRange, "1e-999": strictjson.NoProblem,
		"0e999": strictjson.NoProblem, "0.0e99999999999": strictjson.NoProblem, "1e99999999999": strictjson.OutOfRange, "1e-99999999999": strictjson.NoProblem,
		// It multiplies, and does not look for the nearest number.
		"17976931348623157e292": strictjson.NoProblem, "17976931348623158e292": strictjson.OutOfRange,
		"1.7976931348623159e308": strictjson.OutOfRange,
		strings.Repeat("9", 308): strictjson.NoProblem, "1" + strings.Repeat("0", 309): strictjson.OutOfRange,
		"0." + strings.Repeat("0", 400) + "1e709": strictjson.NoProblem, "0." + strings.Repeat("0", 400) + "1e710": strictjson.OutOfRange,

		`"\ud83d\ude00"`: strictjson.NoProblem, `"\ud83d"`: strictjson.LoneSurrogate, `"\ude00"`: strictjson.LoneSurrogate,
		`"\ud83dx"`: strictjson.LoneSurrogate, `"\ud83d\n"`: strictjson.LoneSurrogate, `"\ud83dA"`: strictjson.LoneSurrogate,
		`{"\ud83d":1}`: strictjson.LoneSurrogate,
	} {
		scanner, whole := value(content, false)
		require.True(t, whole, "%.100s", content)
		require.Equal(t, want, scanner.Problem, "%.100s", content)
		scanner, whole = value(content, true)
		require.True(t, whole, "%.100s", content)
		require.Equal(t, strictjson.NoProblem, scanner.Problem, "%.100s: nothing that is ignored is a problem", content)
	}
}

// Where it stops being JSON.
func TestPosition(t *testing.T) {
	for content, want := range map[string]int{
		"": 0, "x": 0, "nul": 3, "nulx": 3, "[1,": 3, "[1,]": 3, "[1 2": 3, `{"a"`: 4, `{"a" 1`: 5, `{"a":1,}`: 7, "{1": 1,
		`"ab`: 3, "\"a\x00": 2, `"\`: 2, `"\x`: 2, `"\u12g4`: 5, `"\u12`: 5, `"\ud83d\u12g4`: 11,
		"-": 1, "-x": 1, "01": 1, "1.": 2, "1.x": 2, "1e": 2, "1e+": 3, "1e+x": 3, "[1}": 2,
	} {
		scanner, whole := value(content, false)
		require.False(t, whole, content)
		require.Equal(t, want, scanner.Pos, content)
	}
}

func TestNumber(t *testing.T) {
	const fraction, minus, infinite, overflow = strictjson.Fractional, strictjson.Negative, strictjson.Infinite, strictjson.Overflow
	for content, want := range map[string]strictjson.Number{
		"0": 0, "12": 0, "-7": minus, "-0": minus, "1.5": fraction, "1e2": fraction, "-1E-2": fraction | minus,
		"3.4028235677973365e38": fraction, "3.4028235677973366e38": fraction | infinite, "-1e39": fraction | minus | infinite,
		strings.Repeat("9", 38): 0, strings.Repeat("9", 39): infinite, "1e400": fraction | infinite | overflow,
	} {
		scanner := strictjson.Scanner{Data: []byte(content)}
		number, ok := scanner.Number()
		require.True(t, ok, content)
		require.Equal(t, want, number, content)
		require.Equal(t, len(content), scanner.Pos)
	}
}

func TestPlainNumbers(t *testing.T) {
	for content, want := range map[string][2]int{
		"1.0,2.5,-0.123456789012345,3.0]": {3, 27}, "1.0": {0, 0}, "1,2.0,": {0, 0}, "1.0,1e5,": {1, 4}, "1.0,01.0,": {1, 4},
		"1.0,1.,": {1, 4}, "1.0,-,": {1, 4}, "1.0, 2.0,": {1, 4}, "12345678901.5,": {1, 14}, strings.Repeat("1", 39) + ".0,": {0, 0}, "": {0, 0},
		// Bytes around the digits.
		"1/0,": {0, 0}, "1.:,": {0, 0}, "1.0:,": {0, 0}, "1.0000000/,": {0, 0}, "1.0000000:,": {0, 0}, "1.\xb0000000,": {0, 0}, "1.0000000\xb9,": {0, 0},
	} {
		scanner := strictjson.Scanner{Data: []byte(content)}
		require.Equal(t, want, [2]int{scanner.PlainNumbers(), scanner.Pos}, content)
	}
}

func TestToken(t *testing.T) {
	scanner := strictjson.Scanner{Data: []byte(`"a\u0062\n\ud83d\ude00"`)}
	token, ok := scanner.Text()
	require.True(t, ok)
	require.Equal(t, "ab\n😀", token.String())
	require.True(t, token.Is("ab\n😀"))
	require.False(t, token.Is(`a\u0062\n\ud83d\ude00`))
}

// FuzzValue holds the scanner to encoding/json, which agrees on what JSON is.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e+3,true,false,null,"\ud83d\ude00\n"],"b":{}}`, "[]", "01", `"\ud83d"`, "1.0,2.5,", nested(5), " 1 ", "[1,]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if strings.Count(string(content), "[")+strings.Count(string(content), "{") > 9000 {
			t.Skip("encoding/json has a limit where what is ignored has none")
		}
		valid := json.Valid(content)
		for _, ignored := range []bool{false, true} {
			scanner, whole := value(string(content), ignored)
			require.Equal(t, valid, whole, "ignored: %t", ignored)
			require.LessOrEqual(t, scanner.Pos, len(content))
		}
		var text string
		if json.Unmarshal(content, &text) == nil && utf8.Valid(content) {
			scanner := strictjson.Scanner{Data: content}
			scanner.Space()
			token, ok := scanner.Text()
			require.True(t, ok)
			require.Equal(t, text, token.String())
		}
	})
}
