package store

import (
	"fmt"
	"math"
)

// Metric says how vectors are compared. A higher score is always the better one.
type Metric string

// The metrics that there are.
const (
	L2     Metric = "L2"
	Cosine Metric = "Cosine"
	Dot    Metric = "Dot"
)

// UnmarshalText refuses every other name.
func (m *Metric) UnmarshalText(text []byte) error {
	switch read := Metric(text); read {
	case L2, Cosine, Dot:
		*m = read
		return nil
	default:
		return fmt.Errorf("metric %q: want L2, Cosine or Dot", text)
	}
}

func (m Metric) score(a, b []Component) float32 {
	switch m {
	case Cosine:
		lengths := length(a) * length(b)
		if lengths == 0 {
			return 0
		}
		return dot(a, b) / lengths
	case Dot:
		return dot(a, b)
	default:
		var sum float32
		for index := range a {
			difference := float32(a[index] - b[index])
			sum += difference * difference
		}
		return -squareRoot(sum)
	}
}

func dot(a, b []Component) float32 {
	var sum float32
	for index := range a {
		sum += float32(a[index] * b[index])
	}
	return sum
}

func length(vector []Component) float32 { return squareRoot(dot(vector, vector)) }

func squareRoot(value float32) float32 { return float32(math.Sqrt(float64(value))) }
