package statistics

import (
	"math"
	"slices"
)

// Summary is what is told of several measurements of one thing.
type Summary struct {
	Count            int
	Min, Median, Max float64
}

// Summarize sums up at least one value.
func Summarize(values []float64) Summary {
	return Summary{
		Count:  len(values),
		Min:    slices.Min(values),
		Median: Quantile(values, 0.5),
		Max:    slices.Max(values),
	}
}

// Quantile gives the value below which a share q, from 0 to 1, of at least one value lies. Between two
// values it is on the line from one to the other.
func Quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	position := q * float64(len(sorted)-1)
	below := int(math.Floor(position))
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	share := position - float64(below)
	return sorted[below]*(1-share) + sorted[below+1]*share
}

// Point is a measurement Y at X.
type Point struct{ X, Y float64 }

// Line is Y = Intercept + Slope * X.
type Line struct{ Intercept, Slope float64 }

// Fit gives the line with the least squares of distances in Y from the points, or false when they have not two
// different X.
func Fit(points []Point) (Line, bool) {
	var meanX, meanY float64
	for _, point := range points {
		meanX += point.X / float64(len(points))
		meanY += point.Y / float64(len(points))
	}
	var covariance, variance float64
	for _, point := range points {
		covariance += (point.X - meanX) * (point.Y - meanY)
		variance += (point.X - meanX) * (point.X - meanX)
	}
	if variance == 0 {
		return Line{}, false
	}
	slope := covariance / variance
	return Line{Intercept: meanY - slope*meanX, Slope: slope}, true
}
