package digits

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers of each digit are those that the authors of the data set give.
func TestTheDataSetIsWhole(t *testing.T) {
	for name, part := range map[string]struct {
		read     func() ([]Digit, error)
		expected [10]int
	}{
		"training": {Training, [10]int{376, 389, 380, 389, 387, 376, 377, 387, 380, 382}},
		"test":     {Test, [10]int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}},
	} {
		t.Run(name, func(t *testing.T) {
			digits, err := part.read()
			require.NoError(t, err)
			var count [10]int
			for _, digit := range digits {
				require.Len(t, digit.Pixels, 64)
				count[digit.Value]++
			}
			require.Equal(t, part.expected, count)
		})
	}
}

func TestLinesThatAreNoDigits(t *testing.T) {
	paper := strings.Repeat("0,", 64)
	for line, message := range map[string]string{
		paper + "10": "line 1: 10 is not between 0 and 9",
		paper + "x":  `line 1: strconv.Atoi: parsing "x": invalid syntax`,
		strings.Replace(paper, "0", "17", 1) + "1": "line 1: 17 is not between 0 and 16",
		strings.Replace(paper, "0", "-1", 1) + "1": "line 1: -1 is not between 0 and 16",
		paper + "1\n0,0,1":                         "record on line 2: wrong number of fields",
	} {
		_, err := parse(strings.NewReader(line))
		require.EqualError(t, err, message, line)
	}
}

func TestNearest(t *testing.T) {
	image := func(first float32) []float32 { return append([]float32{first}, make([]float32, 63)...) }
	require.InDelta(t, 3, Distance(image(1), image(4)), 0)
	require.InDelta(t, 2, Nearest(image(6), []Digit{{Pixels: image(1)}, {Pixels: image(4)}, {Pixels: image(9)}}), 0)
}

func TestDraw(t *testing.T) {
	pixels := make([]float32, 64)
	copy(pixels, []float32{0, 4, 8, 12, 16, 3, 15, 1})
	rows := Draw("|", pixels, pixels)
	require.Len(t, rows, 8)
	require.Equal(t, "  ░░▒▒▓▓██  ▓▓  |  ░░▒▒▓▓██  ▓▓  ", rows[0])
	require.Equal(t, strings.Repeat(" ", Width)+"|"+strings.Repeat(" ", Width), rows[7])
}
