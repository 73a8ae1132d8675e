package operator

import "go.uber.org/zap/zapcore"

// lazyCore writes what a logger knows when there is something to log. A logger is made for each pass of each controller, with
// the names of what the pass is about, and most passes have nothing to say.
type lazyCore struct{ zapcore.Core }

// With gives a core that adds the fields to each line.
func (c lazyCore) With(fields []zapcore.Field) zapcore.Core {
	return lazyCore{zapcore.NewLazyWith(c.Core, fields)}
}
