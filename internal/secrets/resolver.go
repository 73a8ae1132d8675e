package secrets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/api/v1alpha1"
)

// remembered is the number of Secrets whose checksums are kept. Each takes about 100 bytes a key.
// Beyond that number the least recently used Secret is read again.
const remembered = 8192

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch

// Resolver looks Secrets up. It reads a Secret from the API server only if it has not seen the
// Secret's resourceVersion before. So an unchanged BarqCluster costs no request.
type Resolver struct {
	// versions knows which Secrets exist and their resourceVersions, from a watch.
	versions Versions
	// contents reads a Secret from the API server.
	contents client.Reader
	seen     *lru.Cache
	// Accounts knows from a watch which ServiceAccounts exist; nil takes all for granted.
	Accounts Versions
	// classes are the PriorityClasses that were found.
	classes *lru.Cache
}

// Versions is what a Resolver needs of an Inventory.
type Versions interface {
	// Version returns the resourceVersion of a Secret, empty if there is none.
	Version(secret types.NamespacedName) string
}

// NewResolver returns a Resolver. versions knows the versions of Secrets, and contents reads from the
// API server.
func NewResolver(versions Versions, contents client.Reader) *Resolver {
	return &Resolver{versions: versions, contents: contents, seen: lru.New(remembered), classes: lru.New(remembered)}
}

// Resolution is the result of a look-up.
type Resolution struct {
	// Referenced is how many keys of Secrets the spec refers to.
	Referenced int
	// Checksum changes when a value changes that pods without an agent use, and only then. It is
	// empty when the spec refers to no Secret.
	Checksum string
	// AgentChecksum is the same for pods with an agent. It leaves out what that reads again at each use, and is empty when nothing else is left.
	AgentChecksum string
	// Problems name the Secrets and keys that are missing or empty, in the words of
	// a message to the user. Empty when all is well.
	Problems []string
	// Missing names the other objects that the pods need and that do not exist, in the same words: an
	// account, a PriorityClass.
	Missing []string
	// Unwatched: no watch reports when a missing object is created.
	Unwatched bool
}

// ChecksumFor returns the checksum for pods with an agent, or without.
func (r Resolution) ChecksumFor(hasAgent bool) string {
	if hasAgent {
		return r.AgentChecksum
	}
	return r.Checksum
}

// HoldsBack reports whether a change has to wait.
func (r Resolution) HoldsBack() bool { return len(r.Problems) > 0 || len(r.Missing) > 0 }

// Message joins the problems into one message.
func (r Resolution) Message() string { return strings.Join(r.Problems, "; ") }

type digest struct {
	sum   [sha256.Size]byte
	empty bool
}

func digestOf(value []byte) digest {
	return digest{sum: sha256.Sum256(value), empty: len(value) == 0}
}

type snapshot struct {
	resourceVersion string
	keys            map[string]digest
}

// Resolve looks up everything that the spec refers to. An error means that the API server could not be
// asked. A Secret that does not exist is one of the Problems.
func (r *Resolver) Resolve(ctx context.Context, cluster *v1alpha1.BarqCluster) (Resolution, error) {
	missing, unwatched, err := r.missing(ctx, cluster)
	if err != nil {
		return Resolution{}, err
	}
	resolution, err := r.resolve(ctx, cluster.Namespace, References(cluster))
	if err != nil {
		return Resolution{}, err
	}
	resolution.Missing, resolution.Unwatched = missing, unwatched
	return resolution, nil
}

// ResolveStore looks up the Secrets that a BarqBackupStore refers to. An error means that the API server could not be asked.
func (r *Resolver) ResolveStore(ctx context.Context, store *v1alpha1.BarqBackupStore) (Resolution, error) {
	return r.resolve(ctx, store.Namespace, StoreReferences(store))
}

func (r *Resolver) resolve(ctx context.Context, namespace string, references []Reference) (Resolution, error) {
	resolution := Resolution{Referenced: len(references)}
	if len(references) == 0 {
		return resolution, nil
	}
	sums := newChecksums()
	for start := 0; start < len(references); {
		end := start + 1
		for end < len(references) && references[end].Secret == references[start].Secret {
			end++
		}
		name := types.NamespacedName{Namespace: namespace, Name: references[start].Secret}
		keys, err := r.keys(ctx, name)
		if err != nil {
			return Resolution{}, fmt.Errorf("reading Secret %q: %w", name.Name, err)
		}
		resolution.Problems = append(resolution.Problems, check(references[start:end], keys, sums)...)
		start = end
	}
	resolution.Checksum = hex.EncodeToString(sums.all.Sum(nil))
	if sums.counts {
		resolution.AgentChecksum = hex.EncodeToString(sums.atStart.Sum(nil))
	}
	return resolution, nil
}

// checksums are those of a Resolution while it is made.
type checksums struct {
	all, atStart hash.Hash
	// counts: a reference is read at the start of a pod.
	counts bool
}

func newChecksums() *checksums { return &checksums{all: sha256.New(), atStart: sha256.New()} }

// add adds a value that a Secret has.
func (c *checksums) add(ref Reference, value digest) {
	line := fmt.Sprintf("%s\x00%s\x00%x\n", ref.Secret, ref.Key, value.sum)
	c.all.Write([]byte(line))
	if !ref.Reread {
		c.atStart.Write([]byte(line))
	}
}

// check compares the references to one Secret with the keys that it holds (nil if it does not exist).
// It adds the values that are used to the checksums.
func check(references []Reference, keys map[string]digest, sums *checksums) []string {
	sums.counts = sums.counts || slices.ContainsFunc(references, func(ref Reference) bool { return !ref.Reread })
	if keys == nil {
		var required []string
		for _, ref := range references {
			if !ref.Optional {
				required = append(required, ref.Key)
			}
		}
		if len(required) == 0 {
			return nil
		}
		return []string{fmt.Sprintf("Secret %q, which %s names, does not exist; create it with the key(s) %s",
			references[0].Secret, references[0].Field, strings.Join(required, ", "))}
	}
	var problems []string
	for _, ref := range references {
		if problem := problemWith(ref, keys); problem != "" {
			problems = append(problems, problem)
			continue
		}
		if value, ok := keys[ref.Key]; ok {
			sums.add(ref, value)
		}
	}
	return problems
}

// keys returns the checksums of a Secret's values, or nil if the Secret does not exist.
func (r *Resolver) keys(ctx context.Context, name types.NamespacedName) (map[string]digest, error) {
	if known := r.versions.Version(name); known != "" {
		if seen, ok := r.seen.Get(name); ok && seen.(snapshot).resourceVersion == known {
			return seen.(snapshot).keys, nil
		}
	}

	// Ask even if the watch knows no such Secret. One that was created together with the BarqCluster
	// may not have reached the watch yet, and must not be reported as missing.
	secret := &corev1.Secret{}
	if err := r.contents.Get(ctx, name, secret); err != nil {
		if apierrors.IsNotFound(err) {
			r.seen.Remove(name)
			return nil, nil
		}
		return nil, err
	}
	found := snapshot{resourceVersion: secret.ResourceVersion, keys: digests(secret)}
	r.seen.Add(name, found)
	return found.keys, nil
}
