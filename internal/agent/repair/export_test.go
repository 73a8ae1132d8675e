package repair

// Interrupt makes a repair fail where a crash leaves a state of its own, and returns what undoes
// that.
func Interrupt(at func() error) (undo func()) {
	before := interrupt
	interrupt = at
	return func() { interrupt = before }
}
