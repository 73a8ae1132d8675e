package archive

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// Path is where the archive of one pod is below the prefix of its store: NAMESPACE/NAME/UID/ORDINAL.
type Path string

var validPath = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/[a-z0-9]([a-z0-9.-]*[a-z0-9])?){3}$`)

// Check returns why a path is none.
func (p Path) Check() error {
	if !validPath.MatchString(string(p)) {
		return fmt.Errorf("%q is not the path of an archive; write NAMESPACE/NAME/UID/ORDINAL", string(p))
	}
	return nil
}

// Directory is the prefix of the objects that say which databases have archives in a store: NAMESPACE/NAME/UID below it. No
// namespace has this name.
const Directory = "_databases/"

// Entry is the key of the object that says that there is an archive of the database that the path belongs to.
func (p Path) Entry() string { return Directory + path.Dir(string(p)) }

// Register says in a store that there is an archive of the database that the path belongs to.
func (p Path) Register(ctx context.Context, store objectstore.Store) error {
	err := store.Create(ctx, p.Entry(), strings.NewReader(string(p)))
	if errors.Is(err, objectstore.Exists) {
		return nil
	}
	return err
}

// Of returns the path of a database that has the given ordinal.
func Of(database string, ordinal int) Path { return Path(path.Join(database, strconv.Itoa(ordinal))) }

// Probe is the key of an object with which it is tried what a store can do.
func (p Path) Probe() string { return string(p) + "/probe" }

func (p Path) rounds() string { return string(p) + "/rounds/" }

// Round is the key of a round.
func (p Path) Round(number int64) string { return fmt.Sprintf("%s%012d", p.rounds(), number) }

func (p Path) bases() string { return string(p) + "/bases/" }

func (p Path) base(of head) string {
	return fmt.Sprintf("%s%08d/%012d", p.bases(), of.Epoch, of.Number)
}

// Warm is the prefix of the chunks in the warm tier.
func (p Path) Warm() string { return string(p) + "/chunks/" }

// Cold is that of those in the cold one, which may be in the same bucket.
func (p Path) Cold() string { return string(p) + "/cold/" }

// Key returns the name of a chunk in its tier.
func (p Path) Key(incarnation string, chunk Chunk) string {
	within := p.Warm()
	if chunk.Cold {
		within = p.Cold()
	}
	return fmt.Sprintf("%s%08d/%s/%012d", within, chunk.Epoch, incarnation, chunk.Number)
}
