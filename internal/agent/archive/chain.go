package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"time"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// basePatience is how long a base is used. What no base of that time names was not needed for longer.
const basePatience = time.Hour

// largestObject bounds what is read of a round or a base, in bytes.
const largestObject = 1 << 30

// pageSize is how many objects a store lists at a time.
const pageSize = 1000

// DamagedError is an object of an archive that is gone, or is not what was written.
type DamagedError struct {
	Key string
	Err error
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.Key, e.Err) }

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

// ErrTaken is a round that another one has written.
var ErrTaken = errors.New("another database writes this archive")

// Latest returns the newest round of an archive, or nil if there is none.
func Latest(ctx context.Context, store objectstore.Store, codec *Codec, at Path) (*Round, error) {
	number, err := lastNumber(ctx, store, at)
	if err != nil || number == 0 {
		return nil, err
	}
	return Read(ctx, store, codec, at, number)
}

// Read returns a round.
func Read(ctx context.Context, store objectstore.Store, codec *Codec, at Path, number int64) (*Round, error) {
	var found written
	if err := readObject(ctx, store, codec, at.Round(number), &found, &found.head); err != nil {
		return nil, err
	}
	var from base
	if err := readObject(ctx, store, codec, at.base(found.Base), &from, &from.head); err != nil {
		return nil, err
	}
	return &Round{
		Number: found.Number, Epoch: found.Epoch, Volume: found.Volume, Writer: found.Writer, Written: found.Written, Until: found.Until,
		State: apply(from.Files, found.Files, found.Gone), base: from,
	}, nil
}

// readObject reads an object into a value, whose head it checks.
func readObject(ctx context.Context, store objectstore.Store, codec *Codec, key string, into any, says *head) error {
	var object, content bytes.Buffer
	if _, err := store.Read(ctx, key, &object); err != nil {
		if errors.Is(err, objectstore.NotFound) || errors.Is(err, objectstore.Corrupt) {
			return &DamagedError{Key: key, Err: err}
		}
		return err
	}
	if _, _, err := codec.decode(&content, &object, largestObject); err != nil {
		return &DamagedError{Key: key, Err: err}
	}
	if err := json.Unmarshal(content.Bytes(), into); err != nil {
		return &DamagedError{Key: key, Err: err}
	}
	if says.Format != format {
		return fmt.Errorf("%s has the format %d, which this agent does not know; it knows %d. Use a newer image of the agent", key, says.Format, format)
	}
	if number, err := numberOf(key); err != nil || number != says.Number {
		return &DamagedError{Key: key, Err: fmt.Errorf("it says that it has the number %d", says.Number)}
	}
	return nil
}

func lastNumber(ctx context.Context, store objectstore.Store, at Path) (int64, error) {
	var last int64
	err := List(ctx, store, at.rounds(), func(object objectstore.Attributes) error {
		number, err := numberOf(object.Key)
		last = max(last, number)
		return err
	})
	return last, err
}

func numberOf(key string) (int64, error) {
	number, err := strconv.ParseInt(path.Base(key), 10, 64)
	if err != nil || number <= 0 {
		return 0, &DamagedError{Key: key, Err: errors.New("its name is not that of a round")}
	}
	return number, nil
}

// List hands over the objects with a prefix.
func List(ctx context.Context, store objectstore.Store, prefix string, to func(objectstore.Attributes) error) error {
	for token := ""; ; {
		page, err := store.List(ctx, prefix, token, pageSize)
		if err != nil {
			return err
		}
		for _, object := range page.Objects {
			if err := to(object); err != nil {
				return err
			}
		}
		if token = page.Next; token == "" {
			return nil
		}
	}
}

// Names returns the last part of the keys of the objects with a prefix.
func Names(ctx context.Context, store objectstore.Store, prefix string) ([]string, error) {
	var names []string
	err := List(ctx, store, prefix, func(object objectstore.Attributes) error {
		names = append(names, path.Base(object.Key))
		return nil
	})
	return names, err
}

// Chain writes rounds, one after the other.
type Chain struct {
	store objectstore.Store
	codec *Codec
	at    Path
	// writer names this process.
	writer string
	// last is the newest round, and base is that of the next one.
	last Round
	base base
}

// Continue takes an archive over: it writes a round with the next epoch, which has what the newest one has. Then no other one can write
// a round. The newest round is that of a call of Latest before, or nil.
func Continue(ctx context.Context, store objectstore.Store, codec *Codec, at Path, newest *Round, volume string, now time.Time) (*Chain, error) {
	c := &Chain{store: store, codec: codec, at: at, writer: rand.Text()}
	next := Round{Volume: volume, Epoch: 1, State: State{}}
	if newest != nil {
		c.last, c.base = *newest, newest.base
		next.Epoch, next.Until, next.State = newest.Epoch+1, newest.Until, newest.State
	}
	return c, c.Append(ctx, next, now)
}

// Last returns the newest round.
func (c *Chain) Last() Round { return c.last }

// Append writes the next round, whose number and time it sets. ErrTaken says that another one has written it.
func (c *Chain) Append(ctx context.Context, next Round, now time.Time) error {
	next.Number, next.Writer, next.Written = c.last.Number+1, c.writer, now.UTC()
	files, gone := difference(c.base.Files, next.State)
	if c.base.Number == 0 || now.Sub(c.base.Written) >= basePatience || chunks(files)+len(gone) > 16+chunks(next.State)/4 {
		if err := c.rebase(ctx, next); err != nil {
			return err
		}
		files, gone = difference(c.base.Files, next.State)
	}
	err := c.write(ctx, c.at.Round(next.Number), written{
		head: head{Format: format, Number: next.Number, Epoch: next.Epoch}, Volume: next.Volume, Writer: next.Writer,
		Written: next.Written, Until: next.Until, Base: c.base.head, Files: files, Gone: gone,
	})
	if errors.Is(err, objectstore.Exists) {
		return c.meet(ctx, next, now)
	}
	if err != nil {
		return err
	}
	next.base = c.base
	c.last = next
	return nil
}

// meet goes on after a round that is there, if this process has written it and had no answer.
func (c *Chain) meet(ctx context.Context, next Round, now time.Time) error {
	found, err := Read(ctx, c.store, c.codec, c.at, next.Number)
	if err != nil {
		return err
	}
	if found.Writer != c.writer {
		return fmt.Errorf("%w: round %d is there", ErrTaken, next.Number)
	}
	c.last, c.base = *found, found.base
	return c.Append(ctx, next, now)
}

// rebase writes a base for a round.
func (c *Chain) rebase(ctx context.Context, next Round) error {
	made := base{head: head{Format: format, Number: next.Number, Epoch: next.Epoch}, Written: next.Written, Files: next.State}
	key := c.at.base(made.head)
	err := c.write(ctx, key, made)
	if errors.Is(err, objectstore.Exists) {
		// It was written for a round that was not, and serves as well.
		made = base{}
		err = readObject(ctx, c.store, c.codec, key, &made, &made.head)
	}
	if err != nil {
		return err
	}
	c.base = made
	return nil
}

func (c *Chain) write(ctx context.Context, key string, object any) error {
	content, err := json.Marshal(object)
	if err != nil {
		return err
	}
	var encoded bytes.Buffer
	if _, err := c.codec.Encode(&encoded, bytes.NewReader(content)); err != nil {
		return err
	}
	err = c.store.Create(ctx, key, bytes.NewReader(encoded.Bytes()))
	return err
}

// ReadChunk writes the content of a chunk, which it compares with what the round says of it. After an error the bytes must not be used.
func ReadChunk(ctx context.Context, store objectstore.Store, codec *Codec, key string, chunk Chunk, to io.Writer) error {
	reader, writer := io.Pipe()
	read := make(chan error, 1)
	go func() {
		_, err := store.Read(ctx, key, writer)
		_ = writer.CloseWithError(err)
		read <- err
	}()
	sum, size, err := codec.decode(to, reader, chunk.Size)
	// What is left is read for the sum of the object.
	if err == nil {
		_, err = io.Copy(io.Discard, reader)
	}
	_ = reader.CloseWithError(io.ErrClosedPipe)
	switch readErr := <-read; {
	case errors.Is(readErr, objectstore.NotFound), errors.Is(readErr, objectstore.Corrupt):
		return &DamagedError{Key: key, Err: readErr}
	case readErr != nil && !errors.Is(readErr, io.ErrClosedPipe):
		return readErr
	case err != nil:
		return &DamagedError{Key: key, Err: err}
	case sum != chunk.SHA256 || size != chunk.Size:
		return &DamagedError{Key: key, Err: fmt.Errorf("its content has %d bytes with SHA-256 %s, and should have %d with %s", size, sum, chunk.Size, chunk.SHA256)}
	}
	return nil
}
