package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"

	"github.com/barq-db/barq-operator/test/bench"
)

// picture is a figure over the number of clusters.
type picture struct{ File, Title, figure string }

var pictures = []picture{
	{"seconds.svg", "All applied until all Ready, seconds", "install/ready/seconds"},
	{"cpu.svg", "CPU per installed cluster until quiet, seconds", "install/quiet/cpu-seconds-per-cluster"},
	{"memory.svg", "Peak memory, MiB", "install/memory/MiB"},
	{"requests.svg", "Requests per installed cluster until quiet", "install/quiet/requests-per-cluster"},
}

//go:embed picture.svg.tmpl
var pictureText string

var pictureTemplate = template.Must(template.New("picture").Parse(pictureText))

// The drawing's size, and what of it is left for names and numbers.
const (
	pictureWidth, pictureHeight                     = 640, 360
	marginLeft, marginRight, marginTop, marginBelow = 70, 110, 40, 50
	gridLines                                       = 5
)

var colours = map[string]string{bench.Operator: "#0b6e4f", bench.Stock: "#c1440e", bench.Limit: "#555555"}

type mark struct {
	X, Y, Low, High float64
	Label           string
}

type series struct {
	Name, Colour string
	Marks        []mark
	// End is where the name is written.
	End mark
}

// drawPicture writes the picture as SVG. Both axes begin at zero; a mark is a median, and its line goes from minimum to
// maximum.
func drawPicture(out io.Writer, p picture, results *bench.Results) error {
	found := summaries(results)
	clusters := results.Parameters.Sizes()
	highest := 0.0
	for key, summary := range found {
		if key.figure == p.figure {
			highest = max(highest, summary.Max)
		}
	}
	if highest == 0 {
		highest = 1
	}
	step := niceStep(highest / gridLines)
	top := step * math.Ceil(highest/step)
	x := func(count float64) float64 {
		return marginLeft + count/float64(clusters[len(clusters)-1])*(pictureWidth-marginLeft-marginRight)
	}
	y := func(value float64) float64 {
		return pictureHeight - marginBelow - value/top*(pictureHeight-marginTop-marginBelow)
	}

	drawing := struct {
		Title                    string
		Width, Height            int
		Left, Right, Below, High float64
		Rows, Columns            []mark
		Series                   []series
	}{
		Title: p.Title, Width: pictureWidth, Height: pictureHeight,
		Left: marginLeft, Right: pictureWidth - marginRight, Below: y(0), High: y(top),
	}
	for value := 0.0; value <= top+step/2; value += step {
		drawing.Rows = append(drawing.Rows, mark{Y: y(value), Label: fmt.Sprintf("%.4g", value)})
	}
	for _, count := range clusters {
		drawing.Columns = append(drawing.Columns, mark{X: x(float64(count)), Label: fmt.Sprint(count)})
	}
	for _, contender := range compared {
		line := series{Name: contender, Colour: colours[contender]}
		for _, count := range clusters {
			if summary, measured := found[cell{contender, count, p.figure}]; measured {
				line.Marks = append(line.Marks, mark{X: x(float64(count)), Y: y(summary.Median), Low: y(summary.Min), High: y(summary.Max)})
			}
		}
		if len(line.Marks) > 0 {
			line.End = line.Marks[len(line.Marks)-1]
			drawing.Series = append(drawing.Series, line)
		}
	}
	return pictureTemplate.Execute(out, drawing)
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is not below the value.
func niceStep(value float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= value {
			return factor * power
		}
	}
	return 10 * power
}
