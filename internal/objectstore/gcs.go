package objectstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
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
)

const scopeGCS = storage.ScopeReadWrite

func openGCS(ctx context.Context, options Options, who identity) (*blob.Bucket, error) {
	plain := who.client()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, plain)
	found, err := googleCredentials(ctx, options, who)
	if err != nil {
		return nil, failure(CredentialsMissing, err)
	}
	client, err := gcp.NewHTTPClient(plain.Transport, found.TokenSource)
	if err != nil {
		return nil, failure(CredentialsMissing, err)
	}
	opening := &gcsblob.Options{}
	if options.Endpoint != "" {
		opening.ClientOptions = append(opening.ClientOptions,
			option.WithEndpoint(strings.TrimSuffix(options.Endpoint, "/")+"/storage/v1/"), storage.WithJSONReads())
	}
	return gcsblob.OpenBucket(ctx, client, options.Bucket, opening)
}

func googleCredentials(ctx context.Context, options Options, who identity) (*google.Credentials, error) {
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

func classifyGCS(err error) Reason {
	if errors.Is(err, storage.ErrBucketNotExist) {
		return BucketMissing
	}
	if errors.Is(err, storage.ErrObjectNotExist) {
		return NotFound
	}
	var token *oauth2.RetrieveError
	if errors.As(err, &token) && token.Response != nil {
		if token.Response.StatusCode < http.StatusInternalServerError {
			return statusReason(http.StatusForbidden, token.Response.Header, time.Now())
		}
		return Unreachable
	}
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return statusReason(answer.Code, answer.Header, time.Now())
	}
	// What the file of the credentials says is not JSON.
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return CredentialsMissing
	}
	return ""
}
