//go:build linux

package parent

import (
	"context"
	"errors"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/gate"
	"github.com/barq-db/barq-operator/internal/agent/restore"
	"github.com/barq-db/barq-operator/internal/agent/shipping"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// lastShipping is how long it may take to write what is left to the archive, after the server has ended.
const lastShipping = 8 * time.Second

// Archive says where the data is kept besides the disk.
type Archive struct {
	// Tiers are the buckets. Without them there is no archive.
	Tiers *tiers.Tiers
	// Path is where the archive is in them.
	Path archive.Path
	// RecoverFrom is the database whose archive an empty database gets, if it has none: NAMESPACE/NAME or NAMESPACE/NAME/UID.
	RecoverFrom string
	// MaxLag is how long a write may wait until it is in the archive.
	MaxLag time.Duration
	// Commit says that writes are answered once they are in the archive.
	Commit bool
}

// ofTiers are the variables that tell a server of tiers. Barq DB 0.1.0 exits at its start with some, and with none of them does it keep
// anything in a bucket.
var ofTiers = []string{
	"BARQ_TIERING_ENABLED", "BARQ_WARM_TIER_PROVIDER", "BARQ_WARM_TIER_BUCKET", "BARQ_COLD_TIER_PROVIDER", "BARQ_COLD_TIER_BUCKET",
	"BARQ_S3_BUCKET", "BARQ_GCS_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
	"AWS_ENDPOINT_URL_S3", "GOOGLE_APPLICATION_CREDENTIALS_JSON", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCESS_KEY",
}

// withheld are the variables that the server does not get.
func (p *parent) withheld() []string {
	if p.Archive.Tiers == nil {
		return nil
	}
	return ofTiers
}

// reportArchive takes note of what is known of the archive. What came of a restore stays.
func (p *parent) reportArchive(status v1.Archive) {
	p.Report.Change(func(all *v1.Status) {
		if status.Restore == nil && all.Archive != nil {
			status.Restore = all.Archive.Restore
		}
		all.Archive = &status
	})
}

// restore makes sure that the data directory has what the archive has, if it is empty.
func (p *parent) restore(ctx context.Context) error {
	if p.Archive.Tiers == nil {
		return nil
	}
	return restore.Run(ctx, p.root, restore.Options{
		Tiers: p.Archive.Tiers, Path: p.Archive.Path, From: p.Archive.RecoverFrom, Report: p.reportArchive, Log: p.Log,
	})
}

// newShipper returns what writes the archive, or nil if there is none.
func (p *parent) newShipper() *shipping.Shipper {
	if p.Archive.Tiers == nil {
		return nil
	}
	return shipping.New(p.root, shipping.Options{
		Tiers: p.Archive.Tiers, Path: p.Archive.Path, MaxLag: p.Archive.MaxLag, Report: p.reportArchive, Log: p.Log,
	})
}

// shipRest writes what is left to the archive.
func (p *parent) shipRest() {
	if p.shipper == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastShipping)
	defer cancel()
	if err := p.shipper.Finish(ctx); err != nil {
		p.Log.Error("the archive does not have the last writes. They are on the disk", "error", err)
	}
}

// log returns what writes wait for, or nil if they wait for nothing.
func (p *parent) log() gate.Log {
	switch {
	case p.Commit && p.shipper != nil && p.Archive.Commit:
		return both{p.committer, p.shipper}
	case p.Commit:
		return p.committer
	default:
		return nil
	}
}

// both are two logs that a write waits for, one after the other.
type both [2]gate.Log

// Check returns why a write would not get into one of them.
func (b both) Check(collection datadir.Collection) error {
	return errors.Join(b[0].Check(collection), b[1].Check(collection))
}

// Commit returns when all that was written of a collection is in both.
func (b both) Commit(ctx context.Context, collection datadir.Collection) error {
	if err := b[0].Commit(ctx, collection); err != nil {
		return err
	}
	return b[1].Commit(ctx, collection)
}
