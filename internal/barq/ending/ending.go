package ending

import (
	"fmt"
	"regexp"
	"strings"
)

// Reason is why a process ended, as one word.
type Reason string

// The reasons.
const (
	// Stopped: it ended after SIGINT, with 0 or by the signal.
	Stopped Reason = "Stopped"
	// Settings: a variable or a flag.
	Settings Reason = "Settings"
	// Telemetry: the endpoint for traces.
	Telemetry Reason = "Telemetry"
	// Tiers: a tier that this version does not start with.
	Tiers Reason = "Tiers"
	// SegmentMissing: tiering_state.json lists a segment that is not there.
	SegmentMissing Reason = "SegmentMissing"
	// DataDirectory: the operating system refuses a file or folder.
	DataDirectory Reason = "DataDirectory"
	// Log: a line of a log, or of a segment.
	Log Reason = "Log"
	// Schema: a schema.json, or a log that does not suit it.
	Schema Reason = "Schema"
	// ClusterFile: the file of nodes and shards.
	ClusterFile Reason = "ClusterFile"
	// Address: the address or port of HTTP.
	Address Reason = "Address"
	// TLS: the certificate, or TLS at all.
	TLS Reason = "TLS"
	// Memory: the process was refused memory, or was killed for it.
	Memory Reason = "Memory"
	// Killed: a signal ended it.
	Killed Reason = "Killed"
	// Panic: a panic in code of its own.
	Panic Reason = "Panic"
	// Unknown: none of these.
	Unknown Reason = "Unknown"
)

// End is how a process ended.
type End struct {
	// Code is its exit code, if Signal is 0.
	Code int
	// Signal is the number of the signal that ended it, or 0.
	Signal int
}

// ExitCode is what a shell or a container runtime reports of such an end: the code, or 128 and the
// number of the signal.
func (e End) ExitCode() int {
	if e.Signal != 0 {
		return 128 + e.Signal
	}
	return e.Code
}

// Cause is why a process ended.
type Cause struct {
	Reason Reason
	// Message says what happened and what to do, in one or two sentences.
	Message string
}

// The signals that are told apart. Their numbers are those of Linux.
const (
	sigint  = 2
	sigabrt = 6
	sigkill = 9
)

// rule recognizes an end by a part of what the process wrote to standard error.
type rule struct {
	words  *regexp.Regexp
	reason Reason
	// message may refer to groups of the words, as $1.
	message string
}

// rules are tried in their order. The first that fits counts. None repeats words that may hold a credential, because more
// people may read a status than a log.
var rules = []rule{
	{re(`failed to install OpenTelemetry tracer`), Telemetry, "OTEL_EXPORTER_OTLP_ENDPOINT is not an address that traces can be sent to. Correct it, or leave it out."},
	{re(`Failed to restore segment ([^\n]*): `), SegmentMissing, "tiering_state.json lists the segment $1, and it is not in the data directory. Put it back, or take it out of that file."},
	{re(`Cannot start a runtime from within a runtime`), Tiers, "This version of Barq DB does not start with a tier on s3 or gcs. With azure it starts if no segment is missing. Turn the tier off."},
	{re(`failed to load cluster config: ([^\n]*)`), ClusterFile, "The cluster file cannot be read: $1"},
	{re(`invalid cluster config: ([^\n]*)`), ClusterFile, "The cluster file is refused: $1"},
	{re(`failed to load TLS config: ([^\n]*)`), TLS, "The certificate or its key cannot be read: $1"},
	{re(`Could not automatically determine the process-level CryptoProvider`), TLS, "This version of Barq DB does not start with TLS. Take the certificate away, or use another build."},
	{re(`memory allocation of (\d+) bytes failed`), Memory, "It was refused $1 bytes of memory. Give it a higher limit."},
	{re(`(?m)^Error: catalog error: collection (.*) already exists`), Schema, "Two folders hold a collection that is called $1. Move one of them away."},
	{re(`(?m)^Error: catalog error: collection (.*) not found`), Schema, "The schema in the folder $1 has another name. Restore the schema of the folder's collection."},
	{re(`(?m)^Error: catalog error: invalid schema: ([^\n]*)`), Schema, "A schema.json, or a document that does not suit it: $1."},
	{re(`(?m)^Error: catalog error: invalid document id: ([^\n]*)`), Log, "A document has an id that is refused: $1."},
	{re(`(?m)^Error: serialization error: EOF while parsing a value at line 1 column 0`), Schema, "A schema.json is empty."},
	{re(`(?m)^Error: serialization error: ([^\n]* at line (?:[2-9]|[1-9]\d+) column \d+)`), Schema, "A schema.json cannot be read: $1."},
	{re(`(?m)^Error: serialization error: ([^\n]*)`), Log, "A line of a log or a segment cannot be read: $1."},
	{re(`(?m)^Error: io error: stream did not contain valid UTF-8`), Log, "A log or a segment is no text in UTF-8."},
	{re(`(?m)^Error: io error: ([^\n]*)`), DataDirectory, "The data directory cannot be used: $1."},
	{re(`(?m)^Error: IO error: ([^\n]*)`), DataDirectory, "The folder of a tier cannot be used: $1."},
	{re(`(?m)^Error: (Address already in use[^\n]*|Cannot assign requested address[^\n]*)`), Address, "It cannot listen: $1."},
	{re(`(?m)^error: invalid value '([^'\n]*)' for '([^'\n]*)'`), Settings, "$2 cannot be $1."},
	{re(`(?m)^error: a value is required for '([^'\n]*)'`), Settings, "$1 has no value."},
	{re(`panicked at barq-index/src/lib\.rs:[\d:]*\n?index out of bounds: the len is 0`), Schema, "nlist of an index Ivf is 0. Write a larger one into its schema.json."},
	{re(`user-provided comparison function does not correctly implement a total order`), Panic, "An index Hnsw cannot order its documents, because a score is not a number."},
	{re(`(?m)^thread 'main'(?: \(\d+\))? panicked at ([^\n]*?):?\n`), Panic, "Barq DB panicked at $1. Its log has its last words."},
}

func re(words string) *regexp.Regexp { return regexp.MustCompile(words) }

// Why returns why a process ended. words is the end of what it wrote to standard error.
func Why(end End, words string) Cause {
	if end == (End{}) {
		return Cause{Reason: Stopped, Message: "It stopped."}
	}
	if end.Signal == sigkill {
		return Cause{Reason: Killed, Message: "SIGKILL ended it: it took more memory than its limit, or a person or the node killed it."}
	}
	if end.Signal == sigint {
		return Cause{Reason: Stopped, Message: "SIGINT ended it: it was asked to stop while it read its data."}
	}
	for _, rule := range rules {
		if found := rule.words.FindStringSubmatchIndex(words); found != nil {
			message := rule.words.ExpandString(nil, rule.message, words, found)
			return Cause{Reason: rule.reason, Message: strings.TrimSpace(string(message))}
		}
	}
	switch {
	case end.Signal == sigabrt:
		return Cause{Reason: Panic, Message: "It ended itself with SIGABRT. Its log has its last words."}
	case end.Signal != 0:
		return Cause{Reason: Killed, Message: fmt.Sprintf("Signal %d ended it.", end.Signal)}
	case end.Code == 2:
		return Cause{Reason: Settings, Message: "It refuses a variable or a flag. Its log says which."}
	default:
		return Cause{Reason: Unknown, Message: fmt.Sprintf("It exited with code %d. Its log has its last words.", end.Code)}
	}
}
