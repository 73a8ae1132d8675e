package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/barq-db/barq-operator/internal/agent/refusal"
	"github.com/barq-db/barq-operator/internal/barq/request"
)

const (
	// mostTenants is how many tenants have series of their own, and mostRequests how many series of requests there are before
	// all further ones are of no tenant. What is left is bounded by the other labels.
	mostTenants  = 100
	mostRequests = 2000
)

// other is the value of a label for all values that have no series of their own.
const other = "other"

// The protocols.
const (
	overHTTP = "http"
	overRPC  = "grpc"
)

// noCode is that of a request that was not answered, because its client was gone.
const noCode = "none"

// requests are those of clients.
type requests struct {
	all     *prometheus.CounterVec
	took    *prometheus.HistogramVec
	open    *prometheus.GaugeVec
	refused *prometheus.CounterVec
	lock    *sync.Mutex
	tenants map[string]bool
	seen    map[kind]bool
}

// kind is a request as it is counted.
type kind struct{ protocol, route, method, code, tenant string }

func newRequests(b *book) requests {
	r := requests{
		all: b.counters("requests_total", "Requests of clients that ended, by what they ask for and the code of the answer, which is none where the client was gone. Tenants without a series of their own are other.",
			"protocol", "route", "method", "code", "tenant"),
		took:    b.histograms("request_duration_seconds", "How long these took, their body included.", quick, "protocol", "route"),
		open:    b.gauges("open_requests", "Requests that are open.", "protocol"),
		refused: b.counters("refused_requests_total", "Requests that the agent refused, by what the refusal is about.", "protocol", "reason"),
		lock:    &sync.Mutex{},
		tenants: map[string]bool{request.DefaultTenant: true},
		seen:    map[kind]bool{},
	}
	for _, protocol := range []string{overHTTP, overRPC} {
		r.open.WithLabelValues(protocol)
	}
	return r
}

// ended counts a request. A tenant exists if the request shows it.
func (r *requests) ended(asked kind, exists bool) {
	asked.tenant = r.tenantOf(asked, exists)
	r.all.WithLabelValues(asked.protocol, asked.route, asked.method, asked.code, asked.tenant).Inc()
}

// tenantOf returns the tenant as it is counted.
func (r *requests) tenantOf(asked kind, exists bool) string {
	r.lock.Lock()
	defer r.lock.Unlock()
	known := r.tenants[asked.tenant]
	if !known && exists && len(r.tenants) < mostTenants {
		r.tenants[asked.tenant], known = true, true
	}
	if !known {
		return other
	}
	if !r.seen[asked] {
		if len(r.seen) >= mostRequests {
			return other
		}
		r.seen[asked] = true
	}
	return asked.tenant
}

// Refused counts a request over HTTP that the agent refused.
func (r *requests) Refused(reason refusal.Reason) {
	r.refused.WithLabelValues(overHTTP, string(reason)).Inc()
}

// observe takes note of how long a request took.
func (r *requests) observe(protocol, route string, took time.Duration) {
	r.took.WithLabelValues(protocol, route).Observe(took.Seconds())
}

// codeOf returns a status of HTTP as it is counted.
func codeOf(status int) string {
	switch {
	case status == 0:
		return noCode
	case status < 100 || status > 599:
		return other
	default:
		return strconv.Itoa(status)
	}
}
