//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/parent"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

// tierTimeout is how long a store may take for an answer without content.
const tierTimeout = 10 * time.Second

// tierFlags are those of the tiers.
type tierFlags struct {
	database   string
	ordinal    int
	warm, cold tier
	warmAfter  time.Duration
	coldAfter  time.Duration
	encryption string
	archive    *parent.Archive
}

// tier is what is said of one.
type tier struct {
	objectstore.Options
	provider string
}

// add adds the flags.
func (f *tierFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.database, "archive-path", "", "where the archive of the database is in its buckets, as NAMESPACE/NAME/UID; without it there is none")
	flags.IntVar(&f.ordinal, "archive-ordinal", -1, "the number of the pod; by default that at the end of the host's name")
	for _, of := range []struct {
		name string
		*tier
	}{{"warm", &f.warm}, {"cold", &f.cold}} {
		flags.StringVar(&of.provider, of.name+"-provider", "", "the provider of the "+of.name+" tier: s3, gcs, azure or folder. Without it there is no such tier")
		flags.StringVar(&of.Bucket, of.name+"-bucket", "", "the bucket or container of the "+of.name+" tier, or the path of the folder")
		flags.StringVar(&of.Region, of.name+"-region", "", "the region of the "+of.name+" tier, for s3")
		flags.StringVar(&of.Endpoint, of.name+"-endpoint", "", "the URL of the service of the "+of.name+" tier; the provider's own by default")
		flags.BoolVar(&of.ForcePathStyle, of.name+"-path-style", false, "write the bucket of the "+of.name+" tier into the path of URLs, for s3")
		flags.StringVar(&of.Credentials, of.name+"-credentials", "", "the folder with the keys of the Secret of the "+of.name+" tier, read at each use; by default the identity of the pod counts")
		flags.StringVar(&of.CAFile, of.name+"-ca", "", "a file of certificates that are trusted for the "+of.name+" tier beside those of the system")
		flags.StringVar(&of.Account, of.name+"-account", "", "the storage account of the "+of.name+" tier, for azure without a key")
	}
	flags.DurationVar(&f.warmAfter, "warm-after", 0, "how long data stays on the disk alone before it gets into the archive, where that is longer than --max-lag")
	flags.DurationVar(&f.coldAfter, "cold-after", 720*time.Hour, "how old data is before it moves from the warm tier to the cold one")
	flags.DurationVar(&f.archive.MaxLag, "max-lag", 10*time.Second, "how long a write waits at most until it is in the archive, as long as the store takes it")
	flags.BoolVar(&f.archive.Commit, "commit-to-archive", false, "with --commit and --archive-path, answer a write once it is in the archive too")
	flags.StringVar(&f.archive.RecoverFrom, "recover-from", "", "the database whose archive an empty database without an archive gets, as NAMESPACE/NAME or NAMESPACE/NAME/UID")
	flags.StringVar(&f.encryption, "archive-key", "", "a file with age identities, with which the archive is encrypted; by default it is not")
}

// open opens the tiers.
func (f *tierFlags) open() error {
	if f.database == "" {
		return nil
	}
	if err := f.check(); err != nil {
		return err
	}
	codec, err := f.codec()
	if err != nil {
		return err
	}
	found := &tiers.Tiers{Codec: codec, ColdAfter: f.coldAfter}
	if found.First, err = f.warm.open("warm"); err != nil {
		return err
	}
	cold, err := f.cold.open("cold")
	if err != nil {
		return err
	}
	if found.First != nil {
		found.Second = cold
	} else {
		found.First = cold
	}
	if found.First == nil {
		return errors.New("--archive-path needs a tier; write --warm-provider or --cold-provider")
	}
	f.archive.Tiers = found
	return nil
}

// check checks what the flags say, and completes it.
func (f *tierFlags) check() error {
	if f.ordinal < 0 {
		ordinal, err := hostOrdinal()
		if err != nil {
			return err
		}
		f.ordinal = ordinal
	}
	f.archive.Path = archive.Of(f.database, f.ordinal)
	if err := f.archive.Path.Check(); err != nil {
		return fmt.Errorf("--archive-path: %w", err)
	}
	if f.archive.MaxLag < time.Second || f.archive.MaxLag > time.Hour {
		return fmt.Errorf("--max-lag is %s; write a time from 1s to 1h", f.archive.MaxLag)
	}
	if f.coldAfter < 0 || f.warmAfter < 0 {
		return fmt.Errorf("--warm-after is %s and --cold-after %s; write 0s or more", f.warmAfter, f.coldAfter)
	}
	f.archive.MaxLag = max(f.archive.MaxLag, f.warmAfter)
	if from := f.archive.RecoverFrom; from != "" && strings.Count(from, "/") != 1 && strings.Count(from, "/") != 2 {
		return fmt.Errorf("--recover-from is %q; write NAMESPACE/NAME or NAMESPACE/NAME/UID", from)
	}
	return nil
}

// open returns the tier, or nil if there is none.
func (t *tier) open(name string) (*tiers.Tier, error) {
	if t.provider == "" {
		return nil, nil
	}
	t.Provider, t.Timeout = objectstore.Provider(t.provider), tierTimeout
	store, err := stores.Open(t.Options)
	if err != nil {
		return nil, fmt.Errorf("the %s tier: %w", name, err)
	}
	return tiers.NewTier(name, t.provider, store), nil
}

func (f *tierFlags) codec() (*archive.Codec, error) {
	if f.encryption == "" {
		return archive.NewCodec(nil)
	}
	key, err := os.ReadFile(f.encryption)
	if err != nil {
		return nil, fmt.Errorf("--archive-key: %w", err)
	}
	if len(key) == 0 {
		return nil, fmt.Errorf("--archive-key: %s is empty", filepath.Base(f.encryption))
	}
	codec, err := archive.NewCodec(key)
	if err != nil {
		return nil, fmt.Errorf("--archive-key: %w", err)
	}
	return codec, nil
}

// hostOrdinal returns the number at the end of the host's name, which is that of the pod.
func hostOrdinal() (int, error) {
	host, err := os.Hostname()
	if err != nil {
		return 0, err
	}
	ordinal, err := strconv.Atoi(host[strings.LastIndexByte(host, '-')+1:])
	if err != nil || ordinal < 0 {
		return 0, fmt.Errorf("the host %s has no number at the end of its name, as a pod of a StatefulSet has; write --archive-ordinal", host)
	}
	return ordinal, nil
}
