package objectstore

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"
)

func openAzure(ctx context.Context, options Options, who identity) (*blob.Bucket, error) {
	account := who.files[fileAzureAccount]
	if options.Credentials == "" {
		account = os.Getenv(fileAzureAccount)
	}
	if account == "" {
		return nil, failure(CredentialsMissing, errors.New(fileAzureAccount+" is missing or empty"))
	}
	url := options.Endpoint
	if url == "" {
		url = "https://" + account + ".blob.core.windows.net"
	}
	url = strings.TrimSuffix(url, "/") + "/" + options.Bucket
	with := azcore.ClientOptions{Transport: who.client()}
	client, err := azureClient(url, account, who.files[fileAzureKey], with)
	if err != nil {
		return nil, failure(CredentialsMissing, err)
	}
	return azureblob.OpenBucket(ctx, client, nil)
}

func azureClient(url, account, key string, with azcore.ClientOptions) (*container.Client, error) {
	options := &container.ClientOptions{ClientOptions: with}
	if key != "" {
		shared, err := container.NewSharedKeyCredential(account, key)
		if err != nil {
			return nil, err
		}
		return container.NewClientWithSharedKeyCredential(url, shared, options)
	}
	found, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: with})
	if err != nil {
		return nil, err
	}
	return container.NewClient(url, tokens{found}, options)
}

// tokens says of an error that it is about credentials, for which the SDK has no code.
type tokens struct{ azcore.TokenCredential }

func (t tokens) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := t.TokenCredential.GetToken(ctx, options)
	var refused *azidentity.AuthenticationFailedError
	switch {
	case err == nil:
		return token, nil
	case errors.As(err, &refused) && refused.RawResponse != nil:
		return token, failure(AccessDenied, err)
	case ctx.Err() != nil:
		return token, failure(Unreachable, err)
	}
	return token, failure(CredentialsMissing, err)
}

func classifyAzure(err error) Reason {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return ""
	}
	switch bloberror.Code(answer.ErrorCode) {
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled:
		return BucketMissing
	case bloberror.BlobNotFound, bloberror.ResourceNotFound:
		return NotFound
	case bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.TargetConditionNotMet:
		return Exists
	case bloberror.ServerBusy, bloberror.InternalError, bloberror.OperationTimedOut:
		return Unreachable
	}
	if answer.RawResponse == nil {
		return Unexpected
	}
	return statusReason(answer.StatusCode, answer.RawResponse.Header, time.Now())
}
