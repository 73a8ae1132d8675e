package objectstore

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

const (
	// partSize and partsAtOnce bound the memory of an upload: one part is filled while two are sent,
	// and the garbage is as much again. S3 takes no smaller part, and 10,000 of them: 48 GiB.
	partSize    = 5 << 20
	partsAtOnce = 2

	metadataSum      = "sha256"
	metadataCreation = "creation"
)

// bucket is a backend of a provider. It opens the provider's bucket again when what it was opened
// with has changed, so a rotation of credentials needs no restart.
type bucket struct {
	options  Options
	open     func(context.Context, Options, identity) (*blob.Bucket, error)
	classify func(error) Reason

	mutex  sync.Mutex
	opened *blob.Bucket
	with   Sum
}

// current returns the bucket for the credentials that the files have now. The one of before is not
// closed, because operations may still use it.
func (b *bucket) current(ctx context.Context) (*blob.Bucket, error) {
	who, err := readIdentity(b.options)
	if err != nil {
		return nil, err
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.opened != nil && b.with == who.sum() {
		return b.opened, nil
	}
	// The bucket outlives the operation for which it is opened.
	opened, err := b.open(context.WithoutCancel(ctx), b.options, who)
	if err != nil {
		return nil, b.reason(err)
	}
	b.opened, b.with = opened, who.sum()
	return opened, nil
}

func (b *bucket) create(ctx context.Context, object Attributes, content io.Reader) error {
	opened, err := b.current(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := &aborting{Reader: content, abort: cancel}
	// Not NewWriter: in v0.47.0 its Close panics when Azure refuses what was written.
	err = opened.Upload(ctx, object.Key, from, &blob.WriterOptions{
		BufferSize:     partSize,
		MaxConcurrency: partsAtOnce,
		ContentType:    "application/octet-stream",
		Metadata:       map[string]string{metadataSum: object.SHA256.String(), metadataCreation: object.creation},
		IfNotExist:     true,
	})
	switch {
	case from.err != nil:
		return b.reason(from.err)
	case err == nil:
		return nil
	}
	reason := b.ask(err)
	if reason == NotFound {
		reason = BucketMissing
	}
	return failure(reason, err)
}

func (b *bucket) read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	opened, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := opened.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, b.reason(err)
	}
	return reader, nil
}

func (b *bucket) list(ctx context.Context, prefix, token string, limit int) (Page, error) {
	opened, err := b.current(ctx)
	if err != nil {
		return Page{}, err
	}
	from := blob.FirstPageToken
	if token != "" {
		from = []byte(token)
	}
	objects, next, err := opened.ListPage(ctx, from, limit, &blob.ListOptions{Prefix: prefix})
	switch err = b.reason(err); {
	case errors.Is(err, NotFound):
		return Page{}, failure(BucketMissing, err)
	case err != nil:
		return Page{}, err
	}
	page := Page{Next: string(next)}
	for _, object := range objects {
		page.Objects = append(page.Objects, Attributes{Key: object.Key, Size: object.Size, Time: object.ModTime})
	}
	return page, nil
}

func (b *bucket) remove(ctx context.Context, key string) error {
	opened, err := b.current(ctx)
	if err != nil {
		return err
	}
	return b.reason(opened.Delete(ctx, key))
}

func (b *bucket) attributes(ctx context.Context, key string) (Attributes, error) {
	opened, err := b.current(ctx)
	if err != nil {
		return Attributes{}, err
	}
	object, err := opened.Attributes(ctx, key)
	if err != nil {
		return Attributes{}, b.reason(err)
	}
	return Attributes{
		Key: key, Size: object.Size, Time: object.ModTime,
		SHA256: parseSum(object.Metadata[metadataSum]), creation: object.Metadata[metadataCreation],
	}, nil
}

// reason puts the reason to an error of a provider.
func (b *bucket) reason(err error) error {
	if err == nil || reasonOf(err) != "" {
		return err
	}
	reason := b.ask(err)
	if reason == ConditionalWritesUnsupported {
		// Only a creation has a condition.
		reason = Unexpected
	}
	return failure(reason, err)
}

// ask returns the reason of an error. The provider's own code is asked first, because gcerrors takes
// the network and a missing bucket for a missing object in places.
func (b *bucket) ask(err error) Reason {
	if reason := reasonOf(err); reason != "" {
		return reason
	}
	if reason := b.classify(err); reason != "" {
		return reason
	}
	return codeReason(err)
}

func codeReason(err error) Reason {
	if unreachable(err) {
		return Unreachable
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return NotFound
	case gcerrors.AlreadyExists, gcerrors.FailedPrecondition:
		return Exists
	case gcerrors.PermissionDenied:
		return AccessDenied
	case gcerrors.Unimplemented:
		return ConditionalWritesUnsupported
	case gcerrors.ResourceExhausted, gcerrors.DeadlineExceeded, gcerrors.Internal:
		return Unreachable
	}
	return Unexpected
}

// client returns a client of HTTP that trusts the certificates of the options too.
func (i identity) client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if i.roots != nil {
		transport.TLSClientConfig = i.tls()
	}
	return &http.Client{Transport: transport}
}
