package folder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// folder keeps each object in a file: the content, then a trailer of a fixed size. So the content
// and its sum appear at once, and a file system without attributes is enough.
type folder struct{ root string }

const (
	// unfinished is the folder of files that are being written. No key begins with a dot.
	unfinished = ".unfinished"
	// trailerSize has room for the sum and what tells creations apart.
	trailerSize = 160
)

// trailer is padded with spaces.
type trailer struct {
	SHA256   string `json:"barqObjectSHA256"`
	Creation string `json:"creation"`
}

// New returns the folder. It has to be there when it is used.
func New(root string) objectstore.Backend { return folder{root: root} }

func (f folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// Create is described at [objectstore.Backend].
func (f folder) Create(_ context.Context, object objectstore.Object, content io.ReadSeeker) (err error) {
	defer func() { err = f.classify(err) }()
	if _, err := os.Stat(f.root); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(f.root, unfinished), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Join(f.root, unfinished), "object-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if err := fill(file, object, content); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	target := f.path(object.Key)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	// A link, unlike a rename, fails if the target is there.
	if err := os.Link(file.Name(), target); err != nil {
		return err
	}
	return f.syncFolders(object.Key)
}

func fill(file *os.File, object objectstore.Object, content io.Reader) error {
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	end, err := json.Marshal(trailer{SHA256: object.SHA256.String(), Creation: object.Creation})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(file, "%-*s", trailerSize, end); err != nil {
		return err
	}
	return file.Sync()
}

// syncFolders makes the name of an object survive a loss of power: its folder, and those around it
// that may be as new.
func (f folder) syncFolders(key string) error {
	for name := path.Dir(key); ; name = path.Dir(name) {
		opened, err := os.Open(f.path(name))
		if err != nil {
			return err
		}
		err = opened.Sync()
		_ = opened.Close()
		if err != nil || name == "." {
			return err
		}
	}
}

// Read is described at [objectstore.Backend].
func (f folder) Read(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	file, size, err := f.open(key)
	if err != nil {
		return nil, f.classify(err)
	}
	length = max(0, min(length, size-offset))
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(file, offset, length), file}, nil
}

// open opens the file of an object, and returns the size of its content.
func (f folder) open(key string) (*os.File, int64, error) {
	file, err := os.Open(f.path(key))
	if err != nil {
		return nil, 0, err
	}
	about, err := file.Stat()
	if err == nil && about.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, max(0, about.Size()-trailerSize), nil
}

// Attributes is described at [objectstore.Backend].
func (f folder) Attributes(_ context.Context, key string) (objectstore.Object, error) {
	file, size, err := f.open(key)
	if err != nil {
		return objectstore.Object{}, f.classify(err)
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return objectstore.Object{}, f.classify(err)
	}
	object := objectstore.Object{Attributes: objectstore.Attributes{Key: key, Size: size, Time: about.ModTime()}}
	end := make([]byte, trailerSize)
	var said trailer
	// A file that is cut off or damaged at its end has no sum, and a read of it finds that.
	if n, _ := file.ReadAt(end, size); n == trailerSize && json.Unmarshal(bytes.TrimSpace(end), &said) == nil {
		object.SHA256, object.Creation = objectstore.ParseSum(said.SHA256), said.Creation
	}
	return object, nil
}

// Delete is described at [objectstore.Backend].
func (f folder) Delete(_ context.Context, key string) error {
	if _, _, err := f.stat(key); err != nil {
		return f.classify(err)
	}
	if err := os.Remove(f.path(key)); err != nil {
		return f.classify(err)
	}
	return f.classify(f.syncFolders(key))
}

// stat keeps a removal from taking an empty folder for an object.
func (f folder) stat(key string) (fs.FileInfo, int64, error) {
	about, err := os.Stat(f.path(key))
	if err == nil && about.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, 0, err
	}
	return about, max(0, about.Size()-trailerSize), nil
}

// List is described at [objectstore.Backend]. It walks in the order of the keys, where a folder sorts as its name
// with a slash. The token is the last key of the page before.
func (f folder) List(ctx context.Context, prefix, token string, limit int) (objectstore.Page, error) {
	var page objectstore.Page
	err := f.walk(ctx, "", prefix, token, func(object objectstore.Attributes) bool {
		if len(page.Objects) == limit {
			page.Next = page.Objects[limit-1].Key
			return false
		}
		page.Objects = append(page.Objects, object)
		return true
	})
	if err != nil && !errors.Is(err, fs.SkipAll) {
		return objectstore.Page{}, f.classify(err)
	}
	return page, nil
}

func (f folder) walk(ctx context.Context, within, prefix, after string, visit func(objectstore.Attributes) bool) error {
	entries, err := os.ReadDir(f.path(within))
	if err != nil {
		// A folder inside that goes meanwhile has no objects any more.
		if within != "" && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	var names []string
	for _, entry := range entries {
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case entry.IsDir():
			names = append(names, entry.Name()+"/")
		default:
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := f.step(ctx, within+name, prefix, after, visit); err != nil {
			return err
		}
	}
	return nil
}

// step visits an object, or walks through a folder whose name ends with a slash.
func (f folder) step(ctx context.Context, key, prefix, after string, visit func(objectstore.Attributes) bool) error {
	if strings.HasSuffix(key, "/") {
		outside := !strings.HasPrefix(key, prefix) && !strings.HasPrefix(prefix, key)
		passed := key < after && !strings.HasPrefix(after, key)
		if outside || passed {
			return ctx.Err()
		}
		return f.walk(ctx, key, prefix, after, visit)
	}
	if !strings.HasPrefix(key, prefix) || key <= after {
		return nil
	}
	about, size, err := f.stat(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !visit(objectstore.Attributes{Key: key, Size: size, Time: about.ModTime()}) {
		return fs.SkipAll
	}
	return ctx.Err()
}

func (f folder) classify(err error) error {
	switch {
	case err == nil || objectstore.ReasonOf(err) != "":
		return err
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EISDIR):
		return objectstore.Because(objectstore.Exists, err)
	case errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS):
		return objectstore.Because(objectstore.AccessDenied, err)
	case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
		// What link(2) says on a file system that has no hard links.
		return objectstore.Because(objectstore.ConditionalWritesUnsupported, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		if _, statErr := os.Stat(f.root); statErr != nil {
			return objectstore.Because(objectstore.BucketMissing, err)
		}
		return objectstore.Because(objectstore.NotFound, err)
	}
	return objectstore.Because(objectstore.Unexpected, err)
}
