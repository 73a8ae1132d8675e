package metrics

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/singleflight"
)

const (
	// mostText is how many bytes of the server's page are handed on. The server has series for each tenant that a client names.
	mostText = 2 << 20
	// scrapeTime is how long the server may take for its page.
	scrapeTime = 3 * time.Second
	// scrapeInterval is the longest time between two scrapes. A server that is not scraped keeps a number for each search.
	scrapeInterval = 15 * time.Second
	// freshness is how old a scrape may be that another one shares.
	freshness = time.Second
)

// relay hands on the series of the server.
type relay struct {
	server  func(context.Context, int64) ([]byte, error)
	scrapes *prometheus.CounterVec
	flight  *singleflight.Group
	last    *lastScrape
}

// lastScrape is what the last scrape brought.
type lastScrape struct {
	lock sync.Mutex
	text []byte
	at   time.Time
	up   bool
}

func newRelay(b *book, server func(context.Context, int64) ([]byte, error)) relay {
	r := relay{server: server, flight: &singleflight.Group{}, last: &lastScrape{}}
	r.scrapes = b.counters("server_scrapes_total", "Scrapes of the server's own series, by result: whole, partial where some could not be handed on, or failed.", "result")
	for _, result := range []string{whole, partial, Failed} {
		r.scrapes.WithLabelValues(result)
	}
	b.gaugeOf("server_up", "1 if the last scrape of the server succeeded. With 0 its series are those of the last one that did.", func() float64 {
		r.last.lock.Lock()
		defer r.last.lock.Unlock()
		return one(r.last.up)
	})
	return r
}

// Results of a scrape, beside Failed.
const (
	whole   = "whole"
	partial = "partial"
)

// Scrape scrapes the server until the context ends, as often as its memory needs it.
func (r *relay) Scrape(ctx context.Context) {
	tick := time.NewTicker(scrapeInterval)
	defer tick.Stop()
	for {
		r.page(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// page returns the server's series as they are now, or as they were when it last answered. Those who ask at the same time share a
// scrape.
func (r *relay) page(ctx context.Context) []byte {
	done := r.flight.DoChan("", func() (any, error) {
		r.refresh()
		return nil, nil
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
	r.last.lock.Lock()
	defer r.last.lock.Unlock()
	return r.last.text
}

func (r *relay) refresh() {
	r.last.lock.Lock()
	fresh := r.last.up && time.Since(r.last.at) < freshness
	r.last.lock.Unlock()
	if fresh {
		return
	}
	// Not that of who asks: others wait for it too.
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	text, err := r.server(ctx, mostText)
	result := Failed
	if err == nil {
		var complete bool
		result = whole
		if text, complete = sound(text); !complete {
			result = partial
		}
	}
	r.scrapes.WithLabelValues(result).Inc()
	r.last.lock.Lock()
	defer r.last.lock.Unlock()
	if r.last.up = err == nil; r.last.up {
		r.last.text, r.last.at = text, time.Now()
	}
}

// sound returns the part of a page that Prometheus can read beside the agent's own series. It reports false if that is not all.
func sound(page []byte) (text []byte, complete bool) {
	complete = len(page) < mostText
	if complete && !bytes.HasSuffix(page, []byte("\n")) {
		page = append(page, '\n')
	}
	families, seen := split(page), map[string]bool{}
	if !complete {
		// The last one is cut off.
		families = families[:len(families)-1]
	}
	text = make([]byte, 0, len(page))
	for _, family := range families {
		if readable(family, seen) {
			text = append(text, family...)
		} else {
			complete = false
		}
	}
	return text, complete
}

// split splits a page before the comments that begin series with another name.
func split(page []byte) [][]byte {
	var families [][]byte
	begin, named := 0, ""
	for at := 0; at < len(page); {
		end := len(page)
		if newline := bytes.IndexByte(page[at:], '\n'); newline >= 0 {
			end = at + newline + 1
		}
		if name, is := heads(page[at:end]); is && name != named {
			if at > begin {
				families = append(families, page[begin:at])
			}
			begin, named = at, name
		}
		at = end
	}
	if begin < len(page) {
		families = append(families, page[begin:])
	}
	return families
}

// heads returns the name that a comment is about.
func heads(line []byte) (name string, is bool) {
	words := strings.Fields(string(line[:min(len(line), 512)]))
	if len(words) < 3 || words[0] != "#" || words[1] != "TYPE" && words[1] != "HELP" {
		return "", false
	}
	return words[2], true
}

// readable reports whether Prometheus can read a part of a page beside what was seen before, which it adds to.
func readable(part []byte, seen map[string]bool) bool {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(part))
	if err != nil {
		return false
	}
	for name := range families {
		if seen[name] || strings.HasPrefix(name, prefix) {
			return false
		}
	}
	for name := range families {
		seen[name] = true
	}
	return true
}
