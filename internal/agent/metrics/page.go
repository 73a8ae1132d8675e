package metrics

import (
	"bufio"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"
)

const (
	// pagesAtATime is how many pages are held in memory at a time, and pageTime how long a client may take for one.
	pagesAtATime = 4
	pageTime     = 10 * time.Second
)

// ServeHTTP answers with the series of the agent, and those of the server behind them.
func (m *Metrics) ServeHTTP(answer http.ResponseWriter, asked *http.Request) {
	if m.pages.Acquire(asked.Context(), 1) != nil {
		return
	}
	defer m.pages.Release(1)
	connection := http.NewResponseController(answer)
	// What cannot be limited so, as in a test, is not.
	_ = connection.SetWriteDeadline(time.Now().Add(pageTime))
	defer func() { _ = connection.SetWriteDeadline(time.Time{}) }()
	defer func() { _ = connection.Flush() }()

	servers := m.page(asked.Context())
	// What cannot be gathered is missing, and the rest is there.
	families, _ := m.registry.Gather()
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	answer.Header().Set("Content-Type", string(format))
	text := bufio.NewWriter(answer)
	encoder := expfmt.NewEncoder(text, format)
	for _, family := range families {
		// A client that is gone hears nothing.
		_ = encoder.Encode(family)
	}
	_, _ = text.Write(servers)
	_ = text.Flush()
}
