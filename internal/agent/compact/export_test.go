//go:build linux

package compact

// BeforeReplacing has a test do something between the reading and the replacing, until it calls what
// is returned.
func BeforeReplacing(do func() error) func() {
	first := true
	return AtEachStep(func() error {
		if !first {
			return nil
		}
		first = false
		return do()
	})
}

// AtEachStep has a test interrupt the steps of a replacement, until it calls what is returned.
func AtEachStep(do func() error) func() {
	before := interrupt
	interrupt = do
	return func() { interrupt = before }
}
