package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// state is what the agent knows of its database.
type state struct {
	status func() v1.Status
	gauges []gauge
}

// gauge is a number of a status. It is not told while it is not known.
type gauge struct {
	description *prometheus.Desc
	value       func(v1.Status) (value float64, known bool)
}

func newState(b *book, status func() v1.Status) *state {
	s := &state{status: status}
	add := func(name, help string, value func(v1.Status) (float64, bool)) {
		s.gauges = append(s.gauges, gauge{prometheus.NewDesc(b.note(gaugeType, name, help), help, nil, nil), value})
	}
	// What is only counted while the server serves.
	counted := func(name, help string, value func(v1.Status) int64) {
		add(name, help, func(status v1.Status) (float64, bool) { return float64(value(status)), status.Disk.Size > 0 })
	}
	always := func(name, help string, value func(v1.Status) float64) {
		add(name, help, func(status v1.Status) (float64, bool) { return value(status), true })
	}
	counted("tenants", "Tenants.", func(status v1.Status) int64 { return int64(status.Data.Tenants) })
	counted("collections", "Collections.", func(status v1.Status) int64 { return int64(status.Data.Collections) })
	counted("documents", "Documents, as the server counts them.", func(status v1.Status) int64 { return status.Data.Documents })
	counted("unsound_collections", "Collections whose index gives wrong answers.", func(status v1.Status) int64 {
		if status.Data.Unsound == nil {
			return 0
		}
		return int64(status.Data.Unsound.Collections)
	})
	counted("log_bytes", "What the logs and segments have.", func(status v1.Status) int64 { return status.Log.Bytes })
	counted("segments", "Segments.", func(status v1.Status) int64 { return int64(status.Log.Segments) })
	counted("unsealed_segments", "Segments that the server may still write to.", func(status v1.Status) int64 { return int64(status.Log.Unsealed) })
	counted("superseded_bytes", "About what the segments have of lines that later ones superseded.", func(status v1.Status) int64 { return status.Log.Superseded })
	counted("uncompacted_collections", "Collections that are not compacted, because documents without a payload were written again.", func(status v1.Status) int64 { return int64(status.Log.NotCompacted) })
	counted("disk_size_bytes", "The size of the file system of the data.", func(status v1.Status) int64 { return status.Disk.Size })
	counted("disk_free_bytes", "What of it the server can still use.", func(status v1.Status) int64 { return status.Disk.Free })
	always("unsynced_seconds", "For how long the oldest write waits that is not synced; 0 if all are.", func(status v1.Status) float64 {
		if status.Log.OldestUnsynced == nil {
			return 0
		}
		return max(0, time.Since(*status.Log.OldestUnsynced).Seconds())
	})
	always("log_problem", "1 if the last look at the logs failed, as a sync that the disk refuses.", func(status v1.Status) float64 { return one(status.Log.Problem != "") })
	always("repaired_files", "Files that were repaired before this start.", func(status v1.Status) float64 {
		if status.Log.Repair == nil {
			return 0
		}
		return float64(status.Log.Repair.Files)
	})
	always("lost_writes", "Acknowledged writes that these repairs took out.", func(status v1.Status) float64 {
		if status.Log.Repair == nil {
			return 0
		}
		return float64(status.Log.Repair.Lost)
	})
	always("quarantined_writes", "Acknowledged writes in the quarantine about which nothing was decided.", func(status v1.Status) float64 {
		if status.Log.Quarantine == nil {
			return 0
		}
		return float64(status.Log.Quarantine.Lost)
	})
	add("start_duration_seconds", "How long the server took to start and serve, or takes so far.", func(status v1.Status) (float64, bool) {
		until := time.Now()
		if status.Served != nil {
			until = *status.Served
		}
		return until.Sub(status.Started).Seconds(), !status.Started.IsZero()
	})
	add("server_memory_bytes", "What the server takes of the memory.", func(status v1.Status) (float64, bool) {
		return float64(status.Memory.Used), status.Memory.Used > 0
	})
	add("memory_limit_bytes", "The limit of memory of the container; missing without one.", func(status v1.Status) (float64, bool) {
		return float64(status.Memory.Limit), status.Memory.Limit > 0
	})
	addArchive(add)
	return s
}

// addArchive adds what is known of the archive. Without tiers there is none.
func addArchive(add func(name, help string, value func(v1.Status) (float64, bool))) {
	of := func(name, help string, value func(*v1.Archive) float64) {
		add(name, help, func(status v1.Status) (float64, bool) {
			if status.Archive == nil {
				return 0, false
			}
			return value(status.Archive), true
		})
	}
	of("archive_working", "1 if what is written gets into the archive; missing without tiers, as all that begins with archive is.", func(archive *v1.Archive) float64 {
		return one(archive.Reason == v1.ArchiveShipping)
	})
	of("archive_pending_bytes", "What is not yet in the archive.", func(archive *v1.Archive) float64 { return float64(archive.PendingBytes) })
	of("archive_lag_seconds", "For how long a write may have waited that is not in the archive; 0 if all are.", func(archive *v1.Archive) float64 {
		if archive.OldestUnshipped == nil {
			return 0
		}
		return max(0, time.Since(*archive.OldestUnshipped).Seconds())
	})
	of("archive_objects", "Objects with data that the database needs.", func(archive *v1.Archive) float64 { return float64(total(archive).Objects) })
	of("archive_bytes", "What these objects take in the buckets.", func(archive *v1.Archive) float64 { return float64(total(archive).Bytes) })
}

// total returns what all tiers have.
func total(archive *v1.Archive) v1.Tier {
	var all v1.Tier
	for _, tier := range archive.Tiers {
		all.Objects += tier.Objects
		all.Bytes += tier.Bytes
	}
	return all
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Describe is of prometheus.Collector.
func (s *state) Describe(into chan<- *prometheus.Desc) {
	for _, gauge := range s.gauges {
		into <- gauge.description
	}
}

// Collect is of prometheus.Collector.
func (s *state) Collect(into chan<- prometheus.Metric) {
	status := s.status()
	for _, gauge := range s.gauges {
		if value, known := gauge.value(status); known {
			into <- prometheus.MustNewConstMetric(gauge.description, prometheus.GaugeValue, value)
		}
	}
}
