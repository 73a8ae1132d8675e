package v1

import "time"

const (
	// Port is where the agent of a pod serves its Status, over TLS with certificates on both sides.
	Port = 7443
	// StatusPath is where it does so, as JSON.
	StatusPath = "/v1/status"
)

// ServerName returns the name in the certificate of the agents of a BarqCluster, from its UID. So the agents of another
// BarqCluster cannot speak for it.
func ServerName(cluster string) string { return cluster + ".barq-agent" }

// Status is what an agent knows of its database. It is of a fixed size, whatever the database holds.
type Status struct {
	// Agent is the version of the agent.
	Agent string `json:"agent"`
	// Started is when the agent started the server, and Served when that began to serve; it is missing
	// while the server still reads its data.
	Started time.Time  `json:"started"`
	Served  *time.Time `json:"served,omitempty"`
	Data    Data       `json:"data"`
	Log     Log        `json:"log"`
	Disk    Disk       `json:"disk"`
	Memory  Memory     `json:"memory"`
	// Archive is about the buckets that have the data too. It is missing without tiers.
	Archive *Archive `json:"archive,omitempty"`
}

// Data is what the database holds.
type Data struct {
	Tenants     int `json:"tenants"`
	Collections int `json:"collections"`
	// Documents is what the server counts, at the last look.
	Documents int64 `json:"documents"`
	// Unsound is about collections whose index gives wrong answers. It is missing if there is none.
	Unsound *Unsound `json:"unsound,omitempty"`
}

// Unsound counts collections whose index gives wrong answers, and names the first one.
type Unsound struct {
	Collections int    `json:"collections"`
	Tenant      string `json:"tenant"`
	Collection  string `json:"collection"`
	// Index is what it has: Hnsw or pq.
	Index string `json:"index"`
}

// Log is the state of the logs.
type Log struct {
	// Bytes is what the logs and segments have.
	Bytes int64 `json:"bytes"`
	// Segments counts them, and Unsealed those that the server may still write to.
	Segments int `json:"segments"`
	Unsealed int `json:"unsealed,omitempty"`
	// OldestUnsynced is when the oldest write was seen that is not synced, if there is one.
	OldestUnsynced *time.Time `json:"oldestUnsynced,omitempty"`
	// NotCompacted counts collections whose segments are not compacted, because documents without a
	// payload were written again.
	NotCompacted int `json:"notCompacted,omitempty"`
	// Superseded is what the segments had of writes that later ones superseded, when a compaction last looked at them, in
	// bytes. It looks at those of a collection that have some megabytes, and again when they have grown.
	Superseded int64 `json:"superseded,omitempty"`
	// Repair is what was repaired before the present start, if something was.
	Repair *Repair `json:"repair,omitempty"`
	// Quarantine is what repairs took out and what is still open. It is missing if nothing is.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
	// Problem is why the last look at the logs failed.
	Problem string `json:"problem,omitempty"`
}

// Repair is what was done to the data before the server's start.
type Repair struct {
	Time  time.Time `json:"time"`
	Files int       `json:"files"`
	// Lost counts acknowledged writes that were taken out, and First is one of them.
	Lost  int   `json:"lost"`
	First *Loss `json:"first,omitempty"`
}

// Quarantine sums up the acknowledged writes in the quarantine that were neither applied again nor closed by a person.
type Quarantine struct {
	// Lost counts them, and First is the oldest one.
	Lost  int  `json:"lost"`
	First Loss `json:"first"`
	// Time is when that one was taken out.
	Time time.Time `json:"time"`
}

// Loss is where acknowledged writes were taken out.
type Loss struct {
	Tenant     string `json:"tenant"`
	Collection string `json:"collection"`
	File       string `json:"file"`
	// Line is the number of the first line, from 1.
	Line int `json:"line"`
	// Kind is what is wrong with the lines.
	Kind string `json:"kind"`
	// Quarantine names the folder that has the bytes.
	Quarantine string `json:"quarantine,omitempty"`
}

// Disk is the file system of the data directory.
type Disk struct {
	Size int64 `json:"size"`
	// Free is what the server can still use.
	Free int64 `json:"free"`
	// Reserve is how much must be free for writes that grow the log. The agent refuses them below it. It is 0 if it refuses none.
	Reserve int64 `json:"reserve,omitempty"`
	// Full is when there will be no space left, if the growth of the last hours goes on. It is missing if
	// there is no growth, or too little is known of it.
	Full *time.Time `json:"full,omitempty"`
}

// Memory is that of the server, in bytes.
type Memory struct {
	// Limit is that of the container, or 0 if it has none.
	Limit int64 `json:"limit"`
	// Used is what the server takes. It is 0 until it has been measured.
	Used int64 `json:"used"`
	// Before is what it took before its last end, which is about what its start takes. It is 0 if that is not known.
	Before int64 `json:"before"`
	// Estimate is what its start takes by the logs, where Before is not known. It is 0 otherwise.
	Estimate int64 `json:"estimate,omitempty"`
}
