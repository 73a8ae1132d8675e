package v1

import "time"

// Archive is what an agent knows of the buckets that have the data too.
type Archive struct {
	// Reason is one of the reasons below, and Since is when it became so.
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	// Message says what failed. It is empty where nothing did.
	Message string `json:"message,omitempty"`
	// Epoch counts those that have written this archive, one after the other. It is 0 until this agent writes.
	Epoch int64 `json:"epoch,omitempty"`
	// RecoverableUntil is the time until which the archive has every write that was answered.
	RecoverableUntil *time.Time `json:"recoverableUntil,omitempty"`
	// LastShipped is when data was last written to the archive.
	LastShipped *time.Time `json:"lastShipped,omitempty"`
	// OldestUnshipped is when the oldest write was seen that is not in the archive, if there is one.
	OldestUnshipped *time.Time `json:"oldestUnshipped,omitempty"`
	// PendingBytes is what was not yet in the archive at the last look.
	PendingBytes int64 `json:"pendingBytes,omitempty"`
	// Restore is how far a restore is, or how it ended. It is missing if there was none since the start.
	Restore *Restore `json:"restore,omitempty"`
	// Tiers are the buckets: warm, then cold, of those that there are.
	Tiers []Tier `json:"tiers"`
}

// Reasons of an Archive and of a Tier.
const (
	// ArchiveShipping: what is written gets into the archive.
	ArchiveShipping = "Shipping"
	// ArchiveRestoring: the data comes back from the buckets, and nothing is served.
	ArchiveRestoring = "Restoring"
	// ArchiveLagging: a write waits for longer than it should.
	ArchiveLagging = "Lagging"
	// ArchiveFenced: another database writes this archive.
	ArchiveFenced = "WriterFenced"
	// ArchiveDamaged: an object is gone, or is not what was written.
	ArchiveDamaged = "ArchiveDamaged"

	// The rest is why a bucket cannot be used. TierReachable is that it can be.
	TierReachable           = "Reachable"
	TierUnreachable         = "StoreUnreachable"
	TierCredentialsMissing  = "CredentialsMissing"
	TierCredentialsRejected = "CredentialsRejected"
	TierAccessDenied        = "AccessDenied"
	TierBucketMissing       = "BucketMissing"
	TierUnconditional       = "ConditionalWritesUnsupported"
	TierClockSkewed         = "ClockSkewed"
	// ProbeFailed is the reason of a probe whose answer is none of the above.
	ProbeFailed = "ProbeFailed"
)

// Restore is how far a restore is.
type Restore struct {
	// From is the path of the archive below its bucket.
	From    string     `json:"from"`
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	// Until is the time until which the archive has every write that was answered.
	Until time.Time `json:"until"`
	// Bytes is how much there is, and Done how much of that is on the disk.
	Bytes int64 `json:"bytes"`
	Done  int64 `json:"done"`
}

// Tier is a bucket.
type Tier struct {
	// Name is warm or cold.
	Name     string `json:"name"`
	Provider string `json:"provider"`
	// Reason is TierReachable or why it cannot be used, with what was said.
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
	// Objects and Bytes are those of the data that the database needs, without what is about to be deleted.
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}
