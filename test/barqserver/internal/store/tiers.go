package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/test/barqserver/internal/serde"
)

// stateFile says in which tier each segment is.
const stateFile = "tiering_state.json"

// hotTier is the data directory.
const hotTier = "Hot"

// Tiers are the tiers that there are. The zero value has none, and looks at no file.
type Tiers struct {
	// On says that tiering is on.
	On bool
	// Remote has the tiers, warm and cold, which have a bucket.
	Remote []string
	// Problems gets what does not end the start.
	Problems io.Writer
	// directory is the data directory as it was named.
	directory string
	// segments has the tier of each segment.
	segments map[string]string
}

// load reads where the segments are. A file that cannot be read counts as none.
func (t *Tiers) load(root *os.Root) {
	if !t.On {
		return
	}
	content, err := root.ReadFile(stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	read := map[string]string{}
	if err == nil {
		err = serde.Read(content, func(reader *serde.Reader) error {
			return reader.Map(func(key string) error {
				tier, err := readSegment(reader)
				read[key] = tier
				return err
			})
		})
	}
	if err != nil {
		fmt.Fprintln(t.Problems, "Failed to load tiering state: Configuration error:", err)
		return
	}
	t.segments = read
}

func readSegment(reader *serde.Reader) (tier string, err error) {
	named := func(name string) serde.Variant {
		return serde.Variant{Name: name, Unit: func() { tier = name }}
	}
	number := func(name string) serde.Field {
		return serde.Field{Name: name, Read: func() error { _, err := reader.Float(name); return err }}
	}
	err = reader.Struct("TieredObjectInfo",
		serde.Field{Name: "key", Read: func() error { _, err := reader.Text(); return err }},
		serde.Field{Name: "tier", Read: func() error {
			return reader.Enum("one of `Hot`, `Warm`, `Cold`", named(hotTier), named("Warm"), named("Cold"))
		}},
		number("size_bytes"), number("created_at"), number("last_accessed"), number("access_count"))
	return tier, err
}

// restore adds the segments of a folder that are elsewhere. None can be fetched: Barq DB ends where it tries.
func (t *Tiers) restore(folder string, segments map[string]bool) error {
	for _, key := range slices.Sorted(maps.Keys(t.segments)) {
		if !strings.HasPrefix(key, folder) || segments[key] {
			continue
		}
		tier := t.segments[key]
		if tier != hotTier && slices.Contains(t.Remote, strings.ToLower(tier)) {
			return &PanicError{CannotStartRuntime}
		}
		missing := "No store configured for tier " + tier
		if tier == hotTier {
			missing = t.directory + "/" + key
		}
		reason := "Object not found: " + missing
		fmt.Fprintf(t.Problems, "Failed to restore segment %s: %s\n", key, reason)
		if len(t.Remote) > 0 {
			// It ends the client of the other tier, which panics.
			return &PanicError{CannotDropRuntime}
		}
		return errors.New("object store error: " + reason)
	}
	return nil
}

func sorted(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }

// What Barq DB says when it panics.
const (
	CannotStartRuntime = "Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted to block the current thread while the thread is being used to drive asynchronous tasks. If you are in an async function, use `.await` on the future instead of blocking on it."
	CannotDropRuntime  = "Cannot drop a runtime in a context where blocking is not allowed. This happens when a runtime is dropped from within an asynchronous context."
)
