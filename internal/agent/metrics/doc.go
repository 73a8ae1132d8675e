// Package metrics counts what the agent and its doors do, and hands on what the server counts, as one page for Prometheus.
//
// The names of all series and labels are known beforehand, and the number of their values is bounded whatever clients send. The
// names of the agent begin with barq_agent_, and those of the server stay as they are.
//
// What lives here: series, and the page with them. What the agent knows of the data comes from internal/agent/report. Nothing is
// decided here, and nothing that is counted waits for it.
package metrics
