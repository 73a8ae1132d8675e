package objectstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// attempts is how often an operation is tried while the store is unreachable.
const attempts = 5

// store adds to a backend what all of them have in common.
type store struct {
	backend Backend
	prefix  string
	timeout time.Duration
}

var (
	validKey    = regexp.MustCompile(`^` + segment + `(/` + segment + `)*$`)
	validPrefix = regexp.MustCompile(`^(` + segment + `/)*$`)
)

const (
	longestKey = 900
	// Azure takes no dot at the end of a segment for one.
	segment = `[A-Za-z0-9_=+-](?:[A-Za-z0-9._=+-]*[A-Za-z0-9_=+-])?`
)

// DefaultTimeout is that of [Options].
const DefaultTimeout = 30 * time.Second

// New returns a store of what the backend keeps below the prefix of the options. It fails if the prefix is not one.
func New(backend Backend, options Options) (Store, error) {
	if !validPrefix.MatchString(options.Prefix) {
		return nil, fmt.Errorf("the prefix %q must be empty or end with a slash, and have segments like a key", options.Prefix)
	}
	timeout := options.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &store{backend: backend, prefix: options.Prefix, timeout: timeout}, nil
}

// pause waits before the next attempt for up to 0.2 s, 0.4 s and so on: the jitter keeps pods apart
// that lost the same store at the same time.
func pause(ctx context.Context, attempt int) {
	timer := time.NewTimer(mathrand.N(100 * time.Millisecond << attempt)) //nolint:gosec // Jitter need not be a secret.
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// try does an operation until it succeeds, or fails for a reason that time does not heal.
func (s *store) try(ctx context.Context, operation, key string, size int64, do func(context.Context) error) error {
	var err error
	for attempt := 1; ; attempt++ {
		err = s.once(ctx, size, do)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s %q: %w", operation, key, context.Cause(ctx))
		}
		if ReasonOf(err) != Unreachable || attempt == attempts {
			break
		}
		pause(ctx, attempt)
	}
	var known *Error
	if errors.As(err, &known) {
		return &Error{Reason: known.Reason, Operation: operation, Key: key, Err: known.Err}
	}
	return &Error{Reason: Unexpected, Operation: operation, Key: key, Err: err}
}

// slowest is how fast a link to a store is at least that is of use, in bytes a second.
const slowest = 64 << 10

func (s *store) once(ctx context.Context, size int64, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout+time.Duration(size/slowest)*time.Second)
	defer cancel()
	return do(ctx)
}

func (s *store) check(key string) error {
	if !validKey.MatchString(key) || len(s.prefix)+len(key) > longestKey {
		return &Error{Reason: Unexpected, Operation: "use", Key: key, Err: errors.New("the key has a form that not every store takes")}
	}
	return nil
}

// Create is described at Store.
func (s *store) Create(ctx context.Context, key string, content io.ReadSeeker) error {
	if err := s.check(key); err != nil {
		return err
	}
	sum, size, err := measure(content)
	if err != nil {
		return &Error{Reason: Unexpected, Operation: "create", Key: key, Err: err}
	}
	object := Object{Attributes: Attributes{Key: s.prefix + key, Size: size, SHA256: sum}, Creation: rand.Text()}
	err = s.try(ctx, "create", key, size, func(ctx context.Context) error {
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return s.backend.Create(ctx, object, &unchanged{ReadSeeker: content, expected: object.Attributes, sum: sha256.New()})
	})
	reason := ReasonOf(err)
	if err == nil || reason != Exists && reason != Unreachable {
		return err
	}
	// An attempt may have created the object though its answer was lost. Then the next one finds it. And a server may refuse a large
	// content before it has read it: the end of the connection can then arrive before the answer.
	stored, lookErr := s.look(ctx, key)
	switch {
	case lookErr == nil && stored.Creation == object.Creation:
		return nil
	case lookErr == nil && reason == Unreachable:
		return &Error{Reason: Exists, Operation: "create", Key: key, Err: err}
	default:
		return err
	}
}

// measure reads a content from its beginning.
func measure(content io.ReadSeeker) (Sum, int64, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return Sum{}, 0, err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, content)
	return Sum(sum.Sum(nil)), size, err
}

// Read is described at Store.
func (s *store) Read(ctx context.Context, key string, w io.Writer) (Attributes, error) {
	object, err := s.Attributes(ctx, key)
	if err != nil {
		return Attributes{}, err
	}
	found, size, err := s.copy(ctx, key, 0, object.Size, w)
	if err != nil {
		return Attributes{}, err
	}
	// An object without a sum was not created by this package: the zero sum equals none.
	if found != object.SHA256 || size != object.Size {
		return Attributes{}, corrupt(&CorruptError{Key: key, Expected: object.SHA256, Found: found, Size: size, ExpectedSize: object.Size})
	}
	return object, nil
}

// ReadRange is described at Store.
func (s *store) ReadRange(ctx context.Context, key string, part Range, w io.Writer) error {
	if err := s.check(key); err != nil {
		return err
	}
	if part.Offset < 0 || part.Length <= 0 {
		return &Error{Reason: Unexpected, Operation: "read", Key: key, Err: errors.New("the part is empty or begins before the object")}
	}
	found, size, err := s.copy(ctx, key, part.Offset, part.Length, w)
	if err != nil {
		return err
	}
	if size != part.Length || part.SHA256 != (Sum{}) && found != part.SHA256 {
		return corrupt(&CorruptError{Key: key, Expected: part.SHA256, Found: found, Size: size, ExpectedSize: part.Length})
	}
	return nil
}

func corrupt(cause *CorruptError) error {
	return &Error{Reason: Corrupt, Operation: "read", Key: cause.Key, Err: cause}
}

// copy writes a part of an object to w. An attempt goes on where the one before was cut off.
func (s *store) copy(ctx context.Context, key string, offset, length int64, w io.Writer) (Sum, int64, error) {
	sum := sha256.New()
	to := &written{Writer: io.MultiWriter(sum, w)}
	if length == 0 {
		return Sum(sum.Sum(nil)), 0, nil
	}
	err := s.try(ctx, "read", key, length, func(ctx context.Context) error {
		from, err := s.backend.Read(ctx, s.prefix+key, offset+to.size, length-to.size)
		if errors.Is(err, Corrupt) {
			// The object ends before the part begins.
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = from.Close() }()
		_, err = io.Copy(to, from)
		switch {
		case to.err != nil:
			return Because(Unexpected, to.err)
		case err != nil && ReasonOf(err) == "":
			return Because(Unreachable, err)
		}
		return err
	})
	return Sum(sum.Sum(nil)), to.size, err
}

// List is described at Store.
func (s *store) List(ctx context.Context, prefix, token string, limit int) (Page, error) {
	limit = max(1, min(limit, 1000))
	var page Page
	err := s.try(ctx, "list", prefix, 0, func(ctx context.Context) (err error) {
		page, err = s.backend.List(ctx, s.prefix+prefix, token, limit)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	for i := range page.Objects {
		page.Objects[i].Key = strings.TrimPrefix(page.Objects[i].Key, s.prefix)
	}
	return page, nil
}

// Delete is described at Store.
func (s *store) Delete(ctx context.Context, key string) error {
	if err := s.check(key); err != nil {
		return err
	}
	err := s.try(ctx, "delete", key, 0, func(ctx context.Context) error { return s.backend.Delete(ctx, s.prefix+key) })
	if errors.Is(err, NotFound) {
		return nil
	}
	return err
}

// Attributes is described at Store.
func (s *store) Attributes(ctx context.Context, key string) (Attributes, error) {
	object, err := s.look(ctx, key)
	return object.Attributes, err
}

func (s *store) look(ctx context.Context, key string) (Object, error) {
	if err := s.check(key); err != nil {
		return Object{}, err
	}
	var object Object
	err := s.try(ctx, "look at", key, 0, func(ctx context.Context) (err error) {
		object, err = s.backend.Attributes(ctx, s.prefix+key)
		return err
	})
	object.Key = key
	return object, err
}

// Probe says whether a store can be used: it creates an object under the key, once ever, and then
// tries to replace it. A store that takes both has the reason ConditionalWritesUnsupported.
func Probe(ctx context.Context, s Store, key string) error {
	if _, err := s.List(ctx, key, "", 1); err != nil {
		return err
	}
	for range 2 {
		// Each content is another, so that a store does not take the second for the first.
		err := s.Create(ctx, key, bytes.NewReader([]byte(rand.Text())))
		switch {
		case errors.Is(err, Exists):
			return nil
		case err != nil:
			return err
		}
	}
	return &Error{Reason: ConditionalWritesUnsupported, Operation: "probe", Key: key}
}

// Exercise does once all that a store is used for, and leaves nothing: it lists, creates an object, tries to replace it as [Probe] does,
// reads it, and deletes it. It returns the first error. An object that an Exercise left which was killed goes too.
func Exercise(ctx context.Context, s Store, key string) error {
	err := Probe(ctx, s, key)
	if err != nil && !errors.Is(err, ConditionalWritesUnsupported) {
		return err
	}
	if err == nil {
		_, err = s.Read(ctx, key, io.Discard)
	}
	if deleteErr := s.Delete(ctx, key); err == nil {
		err = deleteErr
	}
	return err
}
