//go:build linux

package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/barq-db/barq-operator/internal/agent/archive"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	"github.com/barq-db/barq-operator/internal/agent/volume"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/barq/datadir"
)

// Options say where the data come from.
type Options struct {
	Tiers *tiers.Tiers
	// Path is the archive of the database.
	Path archive.Path
	// From is the database whose archive an empty database without an archive gets: NAMESPACE/NAME or NAMESPACE/NAME/UID. It
	// is empty if none is.
	From string
	// Report is told how far the restore is, each time that something has changed.
	Report func(v1.Archive)
	Log    *slog.Logger
}

// reportInterval is the time between two reports of the progress.
const reportInterval = time.Second

// ErrNothing is a database to recover from that has no archive.
var ErrNothing = errors.New("there is no archive of it")

// Run makes sure that a data directory has what it should have. It waits for buckets that cannot be used. An error is one that
// time does not heal.
func Run(ctx context.Context, root *os.Root, options Options) error {
	r := restoring{Options: options, root: root, since: time.Now().UTC()}
	watching, stop := context.WithCancel(ctx)
	var watched sync.WaitGroup
	watched.Go(func() { options.Tiers.Watch(watching, options.Path, reportInterval, r.report) })
	defer watched.Wait()
	defer stop()
	var pauses tiers.Pauses
	for {
		err := r.attempt(ctx)
		if err == nil || ctx.Err() != nil || isFinal(err) {
			return err
		}
		r.failed(err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pauses.Next()):
		}
	}
}

// isFinal reports whether another attempt would fail as well.
func isFinal(err error) bool {
	var several *SeveralError
	return errors.Is(err, ErrNothing) || errors.As(err, &several)
}

// restoring is a restore that is under way.
type restoring struct {
	Options
	root  *os.Root
	since time.Time
	// said is the last failure that was logged.
	said string

	lock sync.Mutex
	// progress is nil until it is known what there is to restore.
	progress *progress
	// err is why the last attempt failed, until another one fetches.
	err error
}

// attempt does all that is left to do.
func (r *restoring) attempt(ctx context.Context) error {
	known, err := volume.Load(r.root)
	if err != nil {
		return err
	}
	collections, err := datadir.Collections(r.root)
	if err != nil {
		return err
	}
	switch {
	case len(collections) > 0 && known.Restoring != "":
		// The rename was the last step but one.
		return r.finish(known)
	case len(collections) > 0, known.ID != "" && known.Restoring == "":
		return nil
	}
	if known.ID == "" {
		known = volume.New()
	}
	at, from, err := r.source(ctx, &known)
	if err != nil {
		return err
	}
	if from == nil {
		// A database that begins.
		return r.finish(known)
	}
	if from.Until.IsZero() {
		r.Log.Warn("the archive never had all of the data, so a part of it is restored", "archive", at)
	}
	if err := r.fetch(ctx, at, from); err != nil {
		return err
	}
	if err := r.put(); err != nil {
		return err
	}
	if err := r.finish(known); err != nil {
		return err
	}
	r.ended()
	return nil
}

// source returns the archive that the data come from and its newest round, which is nil if there is none. It takes the
// database's own archive over.
func (r *restoring) source(ctx context.Context, known *volume.Volume) (archive.Path, *archive.Round, error) {
	store, codec := r.Tiers.First, r.Tiers.Codec
	newest, err := archive.Latest(ctx, store, codec, r.Path)
	if err != nil {
		return "", nil, err
	}
	at := r.Path
	if newest == nil && r.From != "" {
		if at, err = r.find(ctx); err != nil {
			return "", nil, err
		}
		if newest, err = archive.Latest(ctx, store, codec, at); err != nil {
			return "", nil, err
		}
		if newest == nil {
			return "", nil, fmt.Errorf("%w: %s", ErrNothing, at)
		}
	}
	if newest == nil {
		return at, nil, nil
	}
	known.Restoring = at
	if err := known.Save(r.root); err != nil {
		return "", nil, err
	}
	if at != r.Path {
		return at, newest, nil
	}
	chain, err := archive.Continue(ctx, store, codec, at, newest, known.ID, time.Now())
	if err != nil {
		return "", nil, err
	}
	last := chain.Last()
	return at, &last, nil
}

// SeveralError is a name that several databases have had.
type SeveralError struct {
	Name string
	UIDs []string
}

func (e *SeveralError) Error() string {
	return fmt.Sprintf("%d databases had the name %s; add the uid of one of them: %s", len(e.UIDs), e.Name, strings.Join(e.UIDs, ", "))
}

// find returns the archive of the database to recover from, of the pod with the same ordinal.
func (r *restoring) find(ctx context.Context) (archive.Path, error) {
	ordinal := string(r.Path[strings.LastIndexByte(string(r.Path), '/'):])
	own := strings.TrimSuffix(string(r.Path), ordinal)
	if strings.Count(r.From, "/") == 2 {
		return archive.Path(r.From + ordinal), nil
	}
	var found []string
	prefix := archive.Directory + r.From + "/"
	uids, err := archive.Names(ctx, r.Tiers.First, prefix)
	if err != nil {
		return "", err
	}
	for _, uid := range uids {
		if database := r.From + "/" + uid; database != own {
			found = append(found, uid)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%w: %s", ErrNothing, r.From)
	case 1:
		return archive.Path(r.From + "/" + found[0] + ordinal), nil
	}
	return "", &SeveralError{Name: r.From, UIDs: found}
}

// finish remembers that the volume has all.
func (r *restoring) finish(known volume.Volume) error {
	known.Restoring = ""
	return known.Save(r.root)
}

// failed says why there has to be another attempt.
func (r *restoring) failed(err error) {
	if text := err.Error(); text != r.said {
		r.said = text
		r.Log.Error("the data are not restored yet", "error", err)
	}
	r.lock.Lock()
	r.err = err
	r.lock.Unlock()
	r.report(time.Now())
}

// begins says what there is to restore.
func (r *restoring) begins(what *progress) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.progress, r.err = what, nil
}

// report says how far the restore is.
func (r *restoring) report(now time.Time) {
	r.lock.Lock()
	defer r.lock.Unlock()
	reason, message := r.Tiers.Why(r.err, now)
	if reason == v1.TierReachable || reason == v1.ArchiveLagging {
		reason = v1.ArchiveRestoring
	}
	status := v1.Archive{Reason: reason, Message: message, Since: r.since, Tiers: r.Tiers.Status(now)}
	if r.progress != nil {
		restore := r.progress.status()
		status.Restore = &restore
	}
	r.Report(status)
}

// ended says that all is restored.
func (r *restoring) ended() {
	r.progress.end()
	status := r.progress.status()
	r.Log.Info("the data are restored", "archive", status.From, "until", status.Until, "bytes", status.Bytes, "seconds", status.Ended.Sub(status.Started).Seconds())
	r.report(time.Now())
}
