package digits

import "math"

// Distance is the Euclidean distance between two images.
func Distance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		difference := float64(a[i] - b[i])
		sum += difference * difference
	}
	return math.Sqrt(sum)
}

// Nearest returns the least distance between an image and any of the digits.
func Nearest(image []float32, digits []Digit) float64 {
	least := math.Inf(1)
	for i := range digits {
		least = min(least, Distance(image, digits[i].Pixels))
	}
	return least
}
