package bucket

import (
	"cmp"
	"context"
	"errors"
	"net/http"
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

	"github.com/barq-db/barq-operator/internal/objectstore"
)

func openAzure(ctx context.Context, options objectstore.Options, who identity) (*blob.Bucket, error) {
	account, err := accountAzure(options, who)
	if err != nil {
		return nil, err
	}
	url := options.Endpoint
	if url == "" {
		url = "https://" + account + ".blob.core.windows.net"
	}
	url = strings.TrimSuffix(url, "/") + "/" + options.Bucket
	with := azcore.ClientOptions{Transport: who.client(), Retry: policy.RetryOptions{MaxRetries: -1}}
	client, err := azureClient(url, account, who.files[fileAzureKey], with)
	if err != nil {
		return nil, objectstore.Because(objectstore.CredentialsMissing, err)
	}
	return azureblob.OpenBucket(ctx, client, nil)
}

func accountAzure(options objectstore.Options, who identity) (string, error) {
	account := cmp.Or(options.Account, who.files[fileAzureAccount])
	if account == "" && options.Credentials == "" {
		account = os.Getenv(fileAzureAccount)
	}
	if account == "" {
		return "", objectstore.Because(objectstore.CredentialsMissing, errors.New("no storage account is given, and "+fileAzureAccount+" is missing or empty"))
	}
	return account, nil
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
	// The authority is in the environment of the pod, which is its administrator's. No other host need be reached to learn of it.
	found, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: with, DisableInstanceDiscovery: true})
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
		return token, objectstore.Because(tokenReason(refused.RawResponse), err)
	case ctx.Err() != nil:
		return token, objectstore.Because(objectstore.Unreachable, err)
	}
	return token, objectstore.Because(objectstore.CredentialsMissing, err)
}

func classifyAzure(err error) objectstore.Reason {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return ""
	}
	switch bloberror.Code(answer.ErrorCode) {
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled:
		return objectstore.BucketMissing
	case bloberror.BlobNotFound, bloberror.ResourceNotFound:
		return objectstore.NotFound
	case bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.TargetConditionNotMet:
		return objectstore.Exists
	case bloberror.AuthenticationFailed, bloberror.InvalidAuthenticationInfo, bloberror.NoAuthenticationInformation:
		// A clock that is off has these codes too.
		return headerReason(http.StatusUnauthorized, answer)
	case bloberror.ServerBusy, bloberror.InternalError, bloberror.OperationTimedOut:
		return objectstore.Unreachable
	}
	return headerReason(answer.StatusCode, answer)
}

func headerReason(status int, answer *azcore.ResponseError) objectstore.Reason {
	var header http.Header
	if answer.RawResponse != nil {
		header = answer.RawResponse.Header
	}
	return statusReason(status, header, time.Now())
}
