package objectstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"
)

// Store has objects, which are created once and never changed. It may be used by several goroutines.
//
// A key has segments of letters, digits and the characters . _ - = + that slashes separate. No
// segment begins or ends with a dot, and no key goes on where another one ends. With the prefix of the store it has at most 900 bytes.
//
// Every error that is not the context's own is an [*Error] with a [Reason].
type Store interface {
	// Create stores the content under a key that no object has, or fails with the reason Exists. It
	// reads the content from its beginning, once for the sum and once for each attempt. A process
	// that ends in between leaves no object.
	Create(ctx context.Context, key string, content io.ReadSeeker) error
	// Read writes the whole content to w. After an error w has bytes that must not be used; with the
	// reason Corrupt the object itself is damaged.
	Read(ctx context.Context, key string, w io.Writer) (Attributes, error)
	// ReadRange writes a part of the content to w. After an error w has bytes that must not be used.
	ReadRange(ctx context.Context, key string, part Range, w io.Writer) error
	// List returns objects in the order of the bytes of their keys: those whose keys begin with the
	// prefix, which need not end at a slash. The token is that of the page before, "" for the first.
	// The limit is between 1 and 1000.
	List(ctx context.Context, prefix, token string, limit int) (Page, error)
	// Delete removes an object. It is no error if there is none.
	Delete(ctx context.Context, key string) error
	// Attributes says what the store knows of an object without reading it.
	Attributes(ctx context.Context, key string) (Attributes, error)
}

// Sum is the SHA-256 of a content. The zero value stands for none.
type Sum [sha256.Size]byte

func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// ParseSum returns the sum that String wrote. It returns the zero sum for any other text.
func ParseSum(text string) Sum {
	var sum Sum
	if decoded, err := hex.DecodeString(text); err == nil && len(decoded) == len(sum) {
		copy(sum[:], decoded)
	}
	return sum
}

// Attributes is what a store knows of an object.
type Attributes struct {
	// Key is the key without the prefix of the store.
	Key string
	// Size is that of the content in bytes.
	Size int64
	// Time is when the object was created, by the clock of the store.
	Time time.Time
	// SHA256 is the sum recorded at the creation. It is zero in a list, because buckets do not list it.
	SHA256 Sum
}

// Range is a part of an object.
type Range struct {
	// Offset and Length are in bytes. A part that does not lie in the object has the reason Corrupt.
	Offset, Length int64
	// SHA256 is the sum that the part must have. Without it nothing is compared.
	SHA256 Sum
}

// Page is a part of a list.
type Page struct {
	Objects []Attributes
	// Next is the token of the next page, "" if there is none.
	Next string
}

// Provider is a kind of store.
type Provider string

// The providers.
const (
	// S3: Amazon S3, or a store that speaks its language.
	S3 Provider = "s3"
	// GCS: Google Cloud Storage.
	GCS Provider = "gcs"
	// Azure: Azure Blob Storage.
	Azure Provider = "azure"
	// Folder: a folder of a file system that has hard links.
	Folder Provider = "folder"
)

// Encryption is what a store is asked to encrypt objects with. Without one it is asked for nothing.
type Encryption string

// The encryptions.
const (
	// AES256 is a key of the store.
	AES256 Encryption = "AES256"
	// KMS is a key of the store's key service.
	KMS Encryption = "aws:kms"
)

// Options says which store to open.
type Options struct {
	Provider Provider
	// Bucket is the name of the bucket or container, or the path of the folder. It must exist.
	Bucket string
	// Prefix is put before each key. It is "" or ends with a slash.
	Prefix string
	// Region is that of an s3 bucket. Without it, AWS_REGION among the credentials and then in the
	// environment counts.
	Region string
	// Endpoint is the URL of the service. Without it, it is the provider's own.
	Endpoint string
	// ForcePathStyle puts the bucket of s3 into the path, because not every store has names by bucket.
	ForcePathStyle bool
	// CAFile is a file of PEM certificates that are trusted beside those of the system. It is read
	// again before each operation.
	CAFile string
	// Account is the storage account of azure. Without it, AZURE_STORAGE_ACCOUNT among the credentials
	// and then in the environment counts.
	Account string
	// Credentials is a folder with a file for each key of a Secret, which is read again before each
	// operation. Without it, the provider's own chain finds an identity.
	//
	// The files of s3 are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and perhaps AWS_SESSION_TOKEN and
	// AWS_REGION. That of gcs is GOOGLE_APPLICATION_CREDENTIALS_JSON, as it is or in base64. Those of
	// azure are AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY; without a key the chain is asked.
	Credentials string
	// Encryption is what an s3 store is asked to encrypt each object with, and KMSKey the key of its key service.
	Encryption Encryption
	KMSKey     string
	// Timeout is the time that an attempt may take without content, 30 s by default. Each 64 KiB of
	// content add a second.
	Timeout time.Duration
}
