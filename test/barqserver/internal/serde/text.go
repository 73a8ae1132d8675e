package serde

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// quoted reads a text whose first quotation mark comes next.
func (r *Reader) quoted() (string, error) {
	r.at++
	var content []byte
	for {
		letter, more := r.next()
		switch {
		case !more:
			return "", r.failure(endInText)
		case letter == '"':
			return string(content), nil
		case letter < ' ':
			return "", r.failure(`control character (\u0000-\u001F) found while parsing a string`)
		case letter == '\\':
			var err error
			if content, err = r.escape(content); err != nil {
				return "", err
			}
		default:
			content = append(content, letter)
		}
	}
}

// escapes has what the letters after a backslash mean, but for u.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *Reader) escape(content []byte) ([]byte, error) {
	letter, more := r.next()
	if !more {
		return nil, r.failure(endInText)
	}
	if letter == 'u' {
		letter, err := r.codePoint()
		return append(content, string(letter)...), err
	}
	meant, known := escapes[letter]
	if !known {
		return nil, r.failure("invalid escape")
	}
	return append(content, meant), nil
}

// codePoint reads what follows \u. Half of a pair of codes is no letter.
func (r *Reader) codePoint() (rune, error) {
	first, err := r.fourDigits()
	if err != nil || r.ignoring || !utf16.IsSurrogate(first) {
		return first, err
	}
	if first >= 0xDC00 {
		return 0, r.failure("lone leading surrogate in hex escape")
	}
	for _, wanted := range []byte(`\u`) {
		got, more := r.next()
		if !more {
			return 0, r.failure(endInText)
		}
		if got != wanted {
			return 0, r.failure("unexpected end of hex escape")
		}
	}
	second, err := r.fourDigits()
	if err != nil {
		return 0, err
	}
	if second < 0xDC00 || second > 0xDFFF {
		return 0, r.failure("lone leading surrogate in hex escape")
	}
	return utf16.DecodeRune(first, second), nil
}

func (r *Reader) fourDigits() (rune, error) {
	const digits = 4
	if len(r.text)-r.at < digits {
		r.at = len(r.text)
		return 0, r.failure(endInText)
	}
	r.at += digits
	code, err := strconv.ParseUint(string(r.text[r.at-digits:r.at]), 16, 16)
	if err != nil {
		return 0, r.failure("invalid escape")
	}
	return rune(code), nil
}

// AppendText writes a text in quotation marks. Only what must be escaped is.
func AppendText(text []byte, content string) []byte {
	const short = "\b\t\n\f\r"
	const letters = "btnfr"
	text = append(text, '"')
	for index := range len(content) {
		switch letter := content[index]; {
		case letter == '"' || letter == '\\':
			text = append(text, '\\', letter)
		case letter >= ' ':
			text = append(text, letter)
		default:
			if at := strings.IndexByte(short, letter); at >= 0 {
				text = append(text, '\\', letters[at])
			} else {
				text = fmt.Appendf(text, `\u%04x`, letter)
			}
		}
	}
	return append(text, '"')
}
