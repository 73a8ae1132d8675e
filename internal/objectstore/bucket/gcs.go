package bucket

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

const scopeGCS = storage.ScopeReadWrite

func openGCS(ctx context.Context, options objectstore.Options, who identity) (*blob.Bucket, error) {
	plain := who.client()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, plain)
	found, err := googleCredentials(ctx, options, who)
	if err != nil {
		return nil, objectstore.Because(objectstore.CredentialsMissing, err)
	}
	client, err := gcp.NewHTTPClient(plain.Transport, found.TokenSource)
	if err != nil {
		return nil, objectstore.Because(objectstore.CredentialsMissing, err)
	}
	opening := &gcsblob.Options{}
	if options.Endpoint != "" {
		opening.ClientOptions = append(opening.ClientOptions,
			option.WithEndpoint(strings.TrimSuffix(options.Endpoint, "/")+"/storage/v1/"), storage.WithJSONReads())
	}
	opened, err := gcsblob.OpenBucket(ctx, client, options.Bucket, opening)
	if err != nil {
		return nil, err
	}
	var below *storage.Client
	if !opened.As(&below) {
		return nil, errors.New("the bucket is not one of Google")
	}
	below.SetRetry(storage.WithPolicy(storage.RetryNever))
	return opened, nil
}

func googleCredentials(ctx context.Context, options objectstore.Options, who identity) (*google.Credentials, error) {
	if options.Credentials == "" {
		return google.FindDefaultCredentials(ctx, scopeGCS)
	}
	key, err := who.need(fileGCS)
	if err != nil {
		return nil, err
	}
	if decoded, err := base64.StdEncoding.DecodeString(key); err == nil {
		key = string(decoded)
	}
	// A key of another kind may name a program to run or an address to ask, and is not taken.
	return google.CredentialsFromJSONWithType(ctx, []byte(key), google.ServiceAccount, scopeGCS)
}

func classifyGCS(err error) objectstore.Reason {
	if errors.Is(err, storage.ErrBucketNotExist) {
		return objectstore.BucketMissing
	}
	if errors.Is(err, storage.ErrObjectNotExist) {
		return objectstore.NotFound
	}
	var token *oauth2.RetrieveError
	if errors.As(err, &token) && token.Response != nil {
		return tokenReason(token.Response)
	}
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return statusReason(answer.Code, answer.Header, time.Now())
	}
	// What the file of the credentials says is not JSON.
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return objectstore.CredentialsMissing
	}
	return ""
}
