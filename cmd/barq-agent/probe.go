//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/barq-db/barq-operator/internal/agent/termination"
	"github.com/barq-db/barq-operator/internal/agent/tiers"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/internal/objectstore/stores"
)

// probeFolder has the objects of probes, below the prefix of the store.
const probeFolder = "barq-probe/"

// probe is what is tried.
type probe struct {
	objectstore.Options

	provider, encryption, object string
	secretBucket                 bool
	timeout                      time.Duration
	terminationLog               string
}

func newProbeCommand(code *int) *cobra.Command {
	tried := probe{}
	// Without a name of the host there is no default.
	name, _ := os.Hostname()
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Try whether a bucket can be used: list, create, refuse to replace, read and delete an object",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := tried.try(cmd.Context())
			if found.Reason != v1.TierReachable {
				*code = 1
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", found.Encode())
			return termination.Write(tried.terminationLog, found)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&tried.provider, "provider", "", "the provider: s3, gcs, azure or folder")
	flags.StringVar(&tried.Bucket, "bucket", "", "the bucket or container, or the path of the folder")
	flags.BoolVar(&tried.secretBucket, "secret-bucket", false, "leave the name of the bucket out of messages, because it is from a Secret")
	flags.StringVar(&tried.Prefix, "prefix", "", "the part of the bucket to use, which ends with a slash; all of it by default")
	flags.StringVar(&tried.object, "object", name, "the name of the object that is created in "+probeFolder+" and deleted. No other probe may have it at the time; by default that of the host")
	flags.StringVar(&tried.Region, "region", "", "the region, for s3")
	flags.StringVar(&tried.Endpoint, "endpoint", "", "the URL of the service; the provider's own by default")
	flags.BoolVar(&tried.ForcePathStyle, "path-style", false, "write the bucket into the path of URLs, for s3")
	flags.StringVar(&tried.Credentials, "credentials", "", "the folder with a file for each key of the Secret; without it the identity of the pod counts")
	flags.StringVar(&tried.CAFile, "ca", "", "a file of certificates that are trusted beside those of the system")
	flags.StringVar(&tried.Account, "account", "", "the storage account, for azure without a key")
	flags.StringVar(&tried.encryption, "encryption", "", "what to ask an s3 store to encrypt with: AES256 or aws:kms; nothing by default")
	flags.StringVar(&tried.KMSKey, "kms-key", "", "with --encryption=aws:kms, the key of the key service")
	flags.DurationVar(&tried.timeout, "timeout", time.Minute, "how long the probe may take")
	flags.StringVar(&tried.terminationLog, "termination-log", "/dev/termination-log", "the file for the result; it must be there, else the result is on standard output only")
	return cmd
}

// try uses the store once, and says what came of it.
func (p *probe) try(ctx context.Context) v1.Termination {
	p.Provider, p.Encryption = objectstore.Provider(p.provider), objectstore.Encryption(p.encryption)
	// A store that does not answer is asked twice in the time.
	p.Timeout = p.timeout / 3
	store, err := stores.Open(p.Options)
	if err == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
		err = objectstore.Exercise(ctx, store, probeFolder+p.object)
	}
	if err == nil {
		return v1.Termination{Reason: v1.TierReachable, Message: "an object was created, read and deleted, and could not be replaced"}
	}
	return v1.Termination{Reason: reasonOf(err), Message: p.public(err.Error())}
}

// reasonOf returns the reason of an error in the words of the API.
func reasonOf(err error) string {
	if reason, known := tiers.ReasonOf(err); known && reason != v1.TierReachable {
		return reason
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return v1.TierUnreachable
	}
	return v1.ProbeFailed
}

// hidden is shown in place of what is from a Secret.
const hidden = "***"

// public returns a text without what is from a Secret.
func (p *probe) public(text string) string {
	if p.secretBucket && p.Bucket != "" {
		text = strings.ReplaceAll(text, p.Bucket, hidden)
	}
	if p.Credentials == "" {
		return text
	}
	files, err := filepath.Glob(filepath.Join(p.Credentials, "*"))
	if err != nil {
		return hidden
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if value := strings.TrimSpace(string(content)); value != "" {
			text = strings.ReplaceAll(text, value, hidden)
		}
	}
	return text
}
