package bucket

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

// The files in the folder of credentials. They are the keys of the Secrets that tiers refer to.
const (
	fileS3KeyID      = "AWS_ACCESS_KEY_ID"
	fileS3Secret     = "AWS_SECRET_ACCESS_KEY"
	fileS3Token      = "AWS_SESSION_TOKEN"
	fileS3Region     = "AWS_REGION"
	fileGCS          = "GOOGLE_APPLICATION_CREDENTIALS_JSON"
	fileAzureAccount = "AZURE_STORAGE_ACCOUNT"
	fileAzureKey     = "AZURE_STORAGE_ACCESS_KEY"
)

var credentialFiles = map[objectstore.Provider][]string{
	objectstore.S3:    {fileS3KeyID, fileS3Secret, fileS3Token, fileS3Region},
	objectstore.GCS:   {fileGCS},
	objectstore.Azure: {fileAzureAccount, fileAzureKey},
}

// identity is what the files said when they were read.
type identity struct {
	files map[string]string
	roots []byte
}

// readIdentity reads the files of the credentials, and the certificates.
func readIdentity(options objectstore.Options) (identity, error) {
	who := identity{files: map[string]string{}}
	if options.CAFile != "" {
		roots, err := os.ReadFile(options.CAFile)
		if err == nil && !x509.NewCertPool().AppendCertsFromPEM(roots) {
			err = fmt.Errorf("no certificate in %s", options.CAFile)
		}
		if err != nil {
			return identity{}, objectstore.Because(objectstore.Unexpected, err)
		}
		who.roots = roots
	}
	if options.Credentials == "" {
		return who, nil
	}
	// The kubelet replaces all files of a Secret at once, by this link. To follow it once keeps an
	// old id from meeting a new key. The folder of before may go meanwhile: then it is read again.
	for range 3 {
		folder := options.Credentials
		if resolved, err := filepath.EvalSymlinks(filepath.Join(folder, "..data")); err == nil {
			folder = resolved
		}
		clear(who.files)
		for _, name := range credentialFiles[options.Provider] {
			content, err := os.ReadFile(filepath.Join(folder, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return identity{}, objectstore.Because(objectstore.CredentialsMissing, err)
			}
			who.files[name] = strings.TrimSpace(string(content))
		}
		if _, err := os.Stat(folder); err == nil {
			return who, nil
		}
	}
	return identity{}, objectstore.Because(objectstore.CredentialsMissing, fmt.Errorf("there is no folder %s", options.Credentials))
}

// sum changes when a file does.
func (i identity) sum() objectstore.Sum {
	names := make([]string, 0, len(i.files))
	for name := range i.files {
		names = append(names, name)
	}
	slices.Sort(names)
	hash := sha256.New()
	for _, name := range names {
		fmt.Fprintf(hash, "%q=%q\n", name, i.files[name])
	}
	hash.Write(i.roots)
	return objectstore.Sum(hash.Sum(nil))
}

// need returns the content of a file without which there are no credentials.
func (i identity) need(name string) (string, error) {
	if i.files[name] == "" {
		return "", objectstore.Because(objectstore.CredentialsMissing, fmt.Errorf("the file %s is missing or empty", name))
	}
	return i.files[name], nil
}

func (i identity) tls() *tls.Config {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(i.roots)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
