package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"gocloud.dev/blob"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

const (
	// oneRequest is the largest content that is sent in one request, which has no more of it in memory at a time.
	oneRequest = 9 << 20
	// partSize bounds the memory of a larger one: one part is filled while one is sent, and S3's first may have
	// three times as much. S3 takes no smaller part, and 10,000 of them: 48 GiB.
	partSize = 5 << 20

	contentType      = "application/octet-stream"
	metadataSum      = "sha256"
	metadataCreation = "creation"
)

// provider is what a bucket has to know of whose it is.
type provider struct {
	open     func(context.Context, objectstore.Options, identity) (*blob.Bucket, error)
	classify func(error) objectstore.Reason
	// put creates an object of at most oneRequest bytes. Without it the library does.
	put func(ctx context.Context, opened *blob.Bucket, options objectstore.Options, object objectstore.Object, content io.ReadSeeker) error
	// remove deletes an object. Without it the library does.
	remove func(ctx context.Context, opened *blob.Bucket, options objectstore.Options, key string) error
}

var providers = map[objectstore.Provider]provider{
	objectstore.S3:    {open: openS3, classify: classifyS3, put: putS3, remove: removeS3},
	objectstore.GCS:   {open: openGCS, classify: classifyGCS},
	objectstore.Azure: {open: openAzure, classify: classifyAzure},
}

// bucket is a backend of a provider. It opens the provider's bucket again when what it was opened
// with has changed, so a rotation of credentials needs no restart.
type bucket struct {
	provider

	options objectstore.Options

	mutex  sync.Mutex
	opened *blob.Bucket
	with   objectstore.Sum
}

// New returns the bucket of the options. It asks no server. It fails if the provider has no buckets.
func New(options objectstore.Options) (objectstore.Backend, error) {
	of, ok := providers[options.Provider]
	if !ok {
		return nil, fmt.Errorf("unknown provider %q: take s3, gcs, azure or folder", options.Provider)
	}
	if options.Encryption != "" && options.Provider != objectstore.S3 {
		return nil, fmt.Errorf("a store of %s cannot be asked for an encryption; set it for the bucket", options.Provider)
	}
	return &bucket{provider: of, options: options}, nil
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

// Create is described at [objectstore.Backend].
func (b *bucket) Create(ctx context.Context, object objectstore.Object, content io.ReadSeeker) error {
	opened, err := b.current(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := &aborting{ReadSeeker: content, abort: cancel}
	if b.put != nil && object.Size <= oneRequest {
		err = b.put(ctx, opened, b.options, object, from)
	} else {
		err = upload(ctx, opened, object, from)
	}
	switch {
	case from.err != nil:
		return b.reason(from.err)
	case err == nil:
		return nil
	}
	reason := b.ask(err)
	if reason == objectstore.NotFound {
		reason = objectstore.BucketMissing
	}
	return objectstore.Because(reason, err)
}

func upload(ctx context.Context, opened *blob.Bucket, object objectstore.Object, content io.Reader) error {
	options := &blob.WriterOptions{
		BufferSize:     partSize,
		MaxConcurrency: 1,
		ContentType:    contentType,
		Metadata:       metadata(object),
		IfNotExist:     true,
	}
	if object.Size <= oneRequest {
		// The end of the content has to come before that of the buffer.
		options.BufferSize = int(object.Size) + 1
	}
	// Not NewWriter: in v0.47.0 its Close panics when Azure refuses what was written.
	return opened.Upload(ctx, object.Key, content, options)
}

func metadata(object objectstore.Object) map[string]string {
	return map[string]string{metadataSum: object.SHA256.String(), metadataCreation: object.Creation}
}

// Read is described at [objectstore.Backend].
func (b *bucket) Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
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

// List is described at [objectstore.Backend].
func (b *bucket) List(ctx context.Context, prefix, token string, limit int) (objectstore.Page, error) {
	opened, err := b.current(ctx)
	if err != nil {
		return objectstore.Page{}, err
	}
	from := blob.FirstPageToken
	if token != "" {
		from = []byte(token)
	}
	objects, next, err := opened.ListPage(ctx, from, limit, &blob.ListOptions{Prefix: prefix})
	switch err = b.reason(err); {
	case errors.Is(err, objectstore.NotFound):
		return objectstore.Page{}, objectstore.Because(objectstore.BucketMissing, err)
	case err != nil:
		return objectstore.Page{}, err
	}
	page := objectstore.Page{Next: string(next)}
	for _, object := range objects {
		page.Objects = append(page.Objects, objectstore.Attributes{Key: object.Key, Size: object.Size, Time: object.ModTime})
	}
	return page, nil
}

// Delete is described at [objectstore.Backend].
func (b *bucket) Delete(ctx context.Context, key string) error {
	opened, err := b.current(ctx)
	if err != nil {
		return err
	}
	if b.remove != nil {
		err = b.remove(ctx, opened, b.options, key)
	} else {
		err = opened.Delete(ctx, key)
	}
	return b.explained(ctx, key, b.reason(err))
}

// Attributes is described at [objectstore.Backend].
func (b *bucket) Attributes(ctx context.Context, key string) (objectstore.Object, error) {
	opened, err := b.current(ctx)
	if err != nil {
		return objectstore.Object{}, err
	}
	found, err := opened.Attributes(ctx, key)
	if err != nil {
		return objectstore.Object{}, b.explained(ctx, key, b.reason(err))
	}
	return objectstore.Object{
		Attributes: objectstore.Attributes{
			Key: key, Size: found.Size, Time: found.ModTime, SHA256: objectstore.ParseSum(found.Metadata[metadataSum]),
		},
		Creation: found.Metadata[metadataCreation],
	}, nil
}

// explained asks for a list where a refusal may have had no body that says why, as the answer to HEAD, with which the library
// deletes too.
func (b *bucket) explained(ctx context.Context, key string, err error) error {
	if errors.Is(err, objectstore.AccessDenied) || errors.Is(err, objectstore.Unexpected) {
		_, why := b.List(ctx, key, "", 1)
		if errors.Is(why, objectstore.CredentialsRejected) || errors.Is(why, objectstore.ClockSkewed) {
			return why
		}
	}
	return err
}

// reason puts the reason to an error of a provider.
func (b *bucket) reason(err error) error {
	if err == nil || objectstore.ReasonOf(err) != "" {
		return err
	}
	reason := b.ask(err)
	if reason == objectstore.ConditionalWritesUnsupported {
		// Only a creation has a condition.
		reason = objectstore.Unexpected
	}
	return objectstore.Because(reason, err)
}

// ask returns the reason of an error. The provider's own code is asked first, because gcerrors takes
// the network and a missing bucket for a missing object in places.
func (b *bucket) ask(err error) objectstore.Reason {
	if reason := objectstore.ReasonOf(err); reason != "" {
		return reason
	}
	if reason := b.classify(err); reason != "" {
		return reason
	}
	return codeReason(err)
}

// client returns a client of HTTP that trusts the certificates of the options too.
func (i identity) client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if i.roots != nil {
		transport.TLSClientConfig = i.tls()
	}
	return &http.Client{Transport: transport}
}
