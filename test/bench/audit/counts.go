package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Request is a kind of request: what is done to what.
type Request struct {
	Verb string
	// Resource is that of the API, with its subresource, as statefulsets/status; of a request for something else it
	// is the path.
	Resource string
}

// Writes tells whether the request is one that changes something.
func (r Request) Writes() bool {
	return !slices.Contains([]string{"get", "list", "watch"}, r.Verb)
}

// isUpkeep tells whether a request is made for the sake of the client itself, by time and not by work: leases are renewed,
// watches begin anew.
func (r Request) isUpkeep() bool {
	return r.Verb == "watch" || r.Resource == "leases"
}

// Counts says how many requests of each kind there were.
type Counts map[Request]int

func (c Counts) add(more Counts) {
	for request, count := range more {
		c[request] += count
	}
}

// Since gives the requests that are in c and were not yet in before.
func (c Counts) Since(before Counts) Counts {
	since := Counts{}
	for request, count := range c {
		if more := count - before[request]; more > 0 {
			since[request] = more
		}
	}
	return since
}

// Total is the number of all requests that are work, so without watches and leases.
func (c Counts) Total() int {
	total := 0
	for request, count := range c {
		if !request.isUpkeep() {
			total += count
		}
	}
	return total
}

// Writes is the number of those of Total that change something.
func (c Counts) Writes() int {
	total := 0
	for request, count := range c {
		if request.Writes() && !request.isUpkeep() {
			total += count
		}
	}
	return total
}

// Requests gives the kinds of requests, the most frequent first.
func (c Counts) Requests() []Request {
	return slices.SortedFunc(maps.Keys(c), func(a, b Request) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), strings.Compare(a.Resource, b.Resource), strings.Compare(a.Verb, b.Verb))
	})
}
