package bucket

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/barq-db/barq-operator/internal/objectstore"
)

func openS3(ctx context.Context, options objectstore.Options, who identity) (*blob.Bucket, error) {
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(clientS3(who)), config.WithRetryer(retryS3)}
	if region := options.Region; region != "" {
		load = append(load, config.WithRegion(region))
	} else if who.files[fileS3Region] != "" {
		load = append(load, config.WithRegion(who.files[fileS3Region]))
	}
	if options.Credentials != "" {
		id, err := who.need(fileS3KeyID)
		if err != nil {
			return nil, err
		}
		secret, err := who.need(fileS3Secret)
		if err != nil {
			return nil, err
		}
		load = append(load, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, who.files[fileS3Token])))
	}
	loaded, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, objectstore.Because(objectstore.CredentialsMissing, err)
	}
	loaded.Credentials = chain{loaded.Credentials}
	opening := &s3blob.Options{EncryptionType: types.ServerSideEncryption(options.Encryption), KMSEncryptionID: options.KMSKey}
	if options.Endpoint != "" {
		// Stores that are not Amazon's refuse the checksums that the SDK adds by itself.
		loaded.BaseEndpoint = aws.String(options.Endpoint)
		loaded.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		loaded.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		opening.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) { o.UsePathStyle = options.ForcePathStyle })
	return s3blob.OpenBucket(ctx, client, options.Bucket, opening)
}

// retryS3 tries again only what was signed by a clock that is off, because then the SDK signs by that of the store.
func retryS3() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableError{}}
		o.RateLimiter = ratelimit.None
	})
}

// putS3 sends a content from where it is. The library would have it in memory twice.
func putS3(ctx context.Context, opened *blob.Bucket, options objectstore.Options, object objectstore.Object, content io.ReadSeeker) error {
	client, err := sdkS3(opened)
	if err != nil {
		return err
	}
	input := &s3.PutObjectInput{
		Bucket: aws.String(options.Bucket), Key: aws.String(object.Key), Body: content, ContentLength: aws.Int64(object.Size),
		ContentType: aws.String(contentType), Metadata: metadata(object), IfNoneMatch: aws.String("*"),
		ServerSideEncryption: types.ServerSideEncryption(options.Encryption),
	}
	if options.KMSKey != "" {
		input.SSEKMSKeyId = aws.String(options.KMSKey)
	}
	_, err = client.PutObject(ctx, input)
	return err
}

// removeS3 deletes an object, if there is one. The library would ask for it first.
func removeS3(ctx context.Context, opened *blob.Bucket, options objectstore.Options, key string) error {
	client, err := sdkS3(opened)
	if err != nil {
		return err
	}
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(options.Bucket), Key: aws.String(key)})
	return err
}

// sdkS3 returns the client of the SDK behind a bucket.
func sdkS3(opened *blob.Bucket) (*s3.Client, error) {
	var client *s3.Client
	if !opened.As(&client) {
		return nil, errors.New("the bucket is not one of S3")
	}
	return client, nil
}

// clientS3 returns a client that the SDK can add the certificates of AWS_CA_BUNDLE to.
func clientS3(who identity) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
		if who.roots != nil {
			transport.TLSClientConfig = who.tls()
		}
	})
}

// chain says of an error that it is about credentials, for which the SDK has no code.
type chain struct{ aws.CredentialsProvider }

func (c chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	var answer smithy.APIError
	switch {
	case err == nil:
		return found, nil
	case errors.As(err, &answer) && reasonsS3[answer.ErrorCode()] == objectstore.AccessDenied:
		// The identity may not have the token, so it has no credentials for the store either.
		return found, objectstore.Because(objectstore.CredentialsRejected, err)
	case errors.As(err, &answer) && reasonsS3[answer.ErrorCode()] != "":
		return found, objectstore.Because(reasonsS3[answer.ErrorCode()], err)
	}
	return found, objectstore.Because(objectstore.CredentialsMissing, err)
}

// reasonsS3 are the codes of S3 and of the service that gives out its tokens.
var reasonsS3 = map[string]objectstore.Reason{
	"NoSuchBucket": objectstore.BucketMissing,
	"NoSuchKey":    objectstore.NotFound,
	"NotFound":     objectstore.NotFound,

	"InvalidRange": objectstore.Corrupt,

	"PreconditionFailed": objectstore.Exists,
	// Two created the object at the same moment, and neither has it yet.
	"ConditionalRequestConflict": objectstore.Unreachable,
	"NotImplemented":             objectstore.ConditionalWritesUnsupported,

	"AccessDenied":          objectstore.AccessDenied,
	"AllAccessDisabled":     objectstore.AccessDenied,
	"AccountProblem":        objectstore.AccessDenied,
	"AccessDeniedException": objectstore.AccessDenied,

	"InvalidAccessKeyId":          objectstore.CredentialsRejected,
	"SignatureDoesNotMatch":       objectstore.CredentialsRejected,
	"ExpiredToken":                objectstore.CredentialsRejected,
	"InvalidToken":                objectstore.CredentialsRejected,
	"TokenRefreshRequired":        objectstore.CredentialsRejected,
	"InvalidSecurity":             objectstore.CredentialsRejected,
	"ExpiredTokenException":       objectstore.CredentialsRejected,
	"InvalidIdentityToken":        objectstore.CredentialsRejected,
	"IDPRejectedClaim":            objectstore.CredentialsRejected,
	"InvalidClientTokenId":        objectstore.CredentialsRejected,
	"UnrecognizedClientException": objectstore.CredentialsRejected,
	"InvalidSignatureException":   objectstore.CredentialsRejected,

	"RequestTimeTooSkewed": objectstore.ClockSkewed,
	"RequestExpired":       objectstore.ClockSkewed,

	"SlowDown":           objectstore.Unreachable,
	"InternalError":      objectstore.Unreachable,
	"ServiceUnavailable": objectstore.Unreachable,
	"RequestTimeout":     objectstore.Unreachable,
}

func classifyS3(err error) objectstore.Reason {
	var code smithy.APIError
	if errors.As(err, &code) {
		if reason, ok := reasonsS3[code.ErrorCode()]; ok {
			return reason
		}
	}
	// The answer to HEAD has no body, so its status is all there is.
	var response *awshttp.ResponseError
	// Without an answer the SDK has an empty one, whose status is 0.
	if errors.As(err, &response) && response.HTTPStatusCode() != 0 {
		if response.HTTPStatusCode() == http.StatusOK {
			return objectstore.Unreachable
		}
		return statusReason(response.HTTPStatusCode(), response.Response.Header, time.Now())
	}
	return ""
}
