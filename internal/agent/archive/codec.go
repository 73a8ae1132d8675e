package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// window is how far zstd looks back, in bytes. Lines of one collection are alike, so more gains little.
const window = 1 << 20

// Codec makes objects of contents: compressed, and encrypted if there is a key.
type Codec struct {
	recipients []age.Recipient
	identities []age.Identity
}

// NewCodec returns a Codec. The key is a list of age identities, a line each; without any nothing is encrypted.
func NewCodec(key []byte) (*Codec, error) {
	if len(bytes.TrimSpace(key)) == 0 {
		return &Codec{}, nil
	}
	identities, err := age.ParseIdentities(bytes.NewReader(key))
	if err != nil {
		// The error may repeat a part of the key.
		return nil, errors.New("the key is no list of age identities; make one with age-keygen")
	}
	c := &Codec{identities: identities}
	for _, identity := range identities {
		own, is := identity.(*age.X25519Identity)
		if !is {
			return nil, errors.New("the key has an identity of another kind than X25519; make one with age-keygen")
		}
		c.recipients = append(c.recipients, own.Recipient())
	}
	return c, nil
}

// Encode writes the object for a content, and returns the SHA-256 of the content.
func (c *Codec) Encode(to io.Writer, content io.Reader) (string, error) {
	closers := []io.Closer{}
	if len(c.recipients) > 0 {
		sealed, err := age.Encrypt(to, c.recipients...)
		if err != nil {
			return "", err
		}
		to, closers = sealed, append(closers, sealed)
	}
	packed, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(window), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(packed, io.TeeReader(content, sum))
	err = errors.Join(err, packed.Close())
	for _, closer := range closers {
		err = errors.Join(err, closer.Close())
	}
	return textOf(sum), err
}

// decode writes the content of an object, and returns its SHA-256. It stops after limit bytes.
func (c *Codec) decode(to io.Writer, object io.Reader, limit int64) (string, int64, error) {
	opened, err := c.open(object)
	if err != nil {
		return "", 0, err
	}
	unpacked, err := zstd.NewReader(opened, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(2*window))
	if err != nil {
		return "", 0, err
	}
	defer unpacked.Close()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(unpacked, limit+1))
	if err == nil && size > limit {
		err = errors.New("it has more than it should")
	}
	return textOf(sum), size, err
}

// encrypted is how an object begins that is encrypted.
const encrypted = "age-encryption.org/"

// open returns what an object has, decrypted if it is encrypted: an archive may have got its key later.
func (c *Codec) open(object io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(object)
	// One that is shorter is damaged, which is found later.
	if begins, _ := buffered.Peek(len(encrypted)); string(begins) != encrypted {
		return buffered, nil
	}
	if len(c.identities) == 0 {
		return nil, errors.New("it is encrypted, and there is no key")
	}
	opened, err := age.Decrypt(buffered, c.identities...)
	if err != nil {
		return nil, fmt.Errorf("it cannot be decrypted: %w", err)
	}
	return opened, nil
}

// Sum returns the SHA-256 of a content as a Chunk has it.
func Sum(content io.Reader) (string, error) {
	sum := sha256.New()
	_, err := io.Copy(sum, content)
	return textOf(sum), err
}

// SumOf is Sum of bytes.
func SumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func textOf(sum hash.Hash) string { return base64.StdEncoding.EncodeToString(sum.Sum(nil)) }
