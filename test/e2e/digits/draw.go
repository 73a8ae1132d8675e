package digits

import "strings"

// shades of a pixel, from paper to ink.
var shades = []string{"  ", "░░", "▒▒", "▓▓", "██"}

// Draw returns the rows of images that stand side by side as text, with a gap between them.
func Draw(gap string, images ...[]float32) []string {
	rows := make([]string, 0, side)
	for row := range side {
		drawn := make([]string, 0, len(images))
		for _, image := range images {
			var text strings.Builder
			for _, pixel := range image[row*side : (row+1)*side] {
				text.WriteString(shades[int(pixel)*(len(shades)-1)/ink])
			}
			drawn = append(drawn, text.String())
		}
		rows = append(rows, strings.Join(drawn, gap))
	}
	return rows
}

// Width is how many columns a drawn image takes.
const Width = 2 * side
