package secrets_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/secrets"
)

const s3Spec = `tiering: {enabled: true, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`

func secret(name string, data map[string]string) *corev1.Secret {
	object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		object.Data[key] = []byte(value)
	}
	return object
}

// store is an API server that counts the requests for contents.
type store struct {
	client.Client
	reads int
	fail  error
}

func newStore(t *testing.T, objects ...client.Object) (*store, *secrets.Resolver) {
	t.Helper()
	s := &store{}
	s.Client = fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithObjects(objects...).Build()
	contents := interceptor.NewClient(s.Client.(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, inner client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
			s.reads++
			if s.fail != nil {
				return s.fail
			}
			return inner.Get(ctx, key, object, opts...)
		},
	})
	return s, secrets.NewResolver(s, contents)
}

// Version implements secrets.Versions.
func (s *store) Version(name types.NamespacedName) string {
	found := &corev1.Secret{}
	if err := s.Get(context.Background(), name, found); err != nil {
		return ""
	}
	return found.ResourceVersion
}

func (s *store) resolve(t *testing.T, resolver *secrets.Resolver, spec string) secrets.Resolution {
	t.Helper()
	resolution, err := resolver.Resolve(t.Context(), clusterOf(t, spec))
	require.NoError(t, err)
	return resolution
}

func TestResolveSaysWhatIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		secrets []client.Object
		spec    string
		want    []string
	}{
		"no Secret": {
			spec: s3Spec,
			want: []string{`Secret "keys", which spec.tiering.warm.credentialsSecretRef names, does not exist; create it with the key(s) AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY`},
		},
		"no key": {
			secrets: []client.Object{secret("keys", map[string]string{"AWS_ACCESS_KEY_ID": "id"})},
			spec:    s3Spec,
			want:    []string{`Secret "keys" has no key AWS_SECRET_ACCESS_KEY, which spec.tiering.warm.credentialsSecretRef needs; add the key`},
		},
		"empty keys": {
			secrets: []client.Object{secret("keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""})},
			spec:    s3Spec,
			want: []string{
				`key AWS_SECRET_ACCESS_KEY of Secret "keys" is empty, but spec.tiering.warm.credentialsSecretRef needs it; fill it`,
				`key AWS_SESSION_TOKEN of Secret "keys" is empty; fill it or remove it`,
			},
		},
		"empty keys of spec.env": {
			secrets: []client.Object{secret("s", map[string]string{"a": "", "b": ""})},
			spec: `env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}, {name: B, valueFrom: {secretKeyRef: {name: s, key: b, optional: true}}},
  {name: C, valueFrom: {secretKeyRef: {name: s, key: c, optional: true}}}]`,
		},
		"an empty key of spec.env that a tier uses too": {
			secrets: []client.Object{secret("keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": ""})},
			spec:    s3Spec + "\nenv: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: AWS_SESSION_TOKEN}}}]",
			want:    []string{`key AWS_SESSION_TOKEN of Secret "keys" is empty, but spec.tiering.warm.credentialsSecretRef needs it; fill it`},
		},
		"an empty certificate": {
			secrets: []client.Object{secret("certificate", map[string]string{"tls.crt": "", "tls.key": "key"})},
			spec:    `tls: {secretName: certificate}`,
			want:    []string{`key tls.crt of Secret "certificate" is empty, but spec.tls.secretName needs it; fill it`},
		},
		"two Secrets": {
			spec: `tiering: {enabled: true, warm: {provider: gcs, bucketSecretRef: {name: buckets, key: warm}, credentialsSecretRef: {name: google}}}`,
			want: []string{
				`Secret "buckets", which spec.tiering.warm.bucketSecretRef names, does not exist; create it with the key(s) warm`,
				`Secret "google", which spec.tiering.warm.credentialsSecretRef names, does not exist; create it with the key(s) GOOGLE_APPLICATION_CREDENTIALS_JSON`,
			},
		},
		"an optional one": {
			spec: `env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, resolver := newStore(t, test.secrets...)
			require.Equal(t, test.want, s.resolve(t, resolver, test.spec).Problems)
		})
	}
}

func TestChecksumFollowsTheValuesThatPodsUse(t *testing.T) {
	keys := secret("keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "canary"})
	s, resolver := newStore(t, keys)
	first := s.resolve(t, resolver, s3Spec)
	require.Len(t, first.Checksum, 64)
	require.NotContains(t, first.Checksum, "canary")

	change := func(key, value string) string {
		if value == "" {
			delete(keys.Data, key)
		} else {
			keys.Data[key] = []byte(value)
		}
		require.NoError(t, s.Update(t.Context(), keys))
		return s.resolve(t, resolver, s3Spec).Checksum
	}
	require.Equal(t, first.Checksum, change("unrelated", "x"), "a key that no pod uses must not restart pods")
	rotated := change("AWS_SECRET_ACCESS_KEY", "canary2")
	require.NotEqual(t, first.Checksum, rotated)
	withToken := change("AWS_SESSION_TOKEN", "token")
	require.NotEqual(t, rotated, withToken, "an optional key that appears is used")
	require.Equal(t, rotated, change("AWS_SESSION_TOKEN", ""))
	require.Equal(t, first.Checksum, change("AWS_SECRET_ACCESS_KEY", "canary"), "the checksum is of the values alone")

	require.Empty(t, s.resolve(t, resolver, `{}`).Checksum)
}

// An agent reads the credentials of tiers at each use, and all else at the start of its pod.
func TestAChecksumForAnAgent(t *testing.T) {
	keys := secret("keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	buckets := secret("buckets", map[string]string{"warm": "a"})
	s, resolver := newStore(t, keys, buckets)
	require.Empty(t, s.resolve(t, resolver, s3Spec).ChecksumFor(true), "all of it is read again")
	require.NotEmpty(t, s.resolve(t, resolver, s3Spec).ChecksumFor(false))

	const withBucket = `tiering: {enabled: true, warm: {provider: s3, bucketSecretRef: {name: buckets, key: warm}, credentialsSecretRef: {name: keys}}}`
	const ofServer = `tiering: {enabled: true, managedBy: Server, warm: {provider: s3, bucket: b, credentialsSecretRef: {name: keys}}}`
	const inEnv = s3Spec + "\nenv: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: AWS_ACCESS_KEY_ID}}}]"
	before := map[string]secrets.Resolution{}
	for _, spec := range []string{s3Spec, withBucket, ofServer, inEnv} {
		before[spec] = s.resolve(t, resolver, spec)
	}
	require.Equal(t, before[ofServer].ChecksumFor(false), before[ofServer].ChecksumFor(true))
	requireChanged := func(object *corev1.Secret, key, value string, withAgent, without []string) {
		t.Helper()
		object.Data[key] = []byte(value)
		require.NoError(t, s.Update(t.Context(), object))
		for spec, was := range before {
			is := s.resolve(t, resolver, spec)
			require.Equal(t, slices.Contains(withAgent, spec), is.ChecksumFor(true) != was.ChecksumFor(true), spec)
			require.Equal(t, slices.Contains(without, spec), is.ChecksumFor(false) != was.ChecksumFor(false), spec)
			before[spec] = is
		}
	}
	all := []string{s3Spec, withBucket, ofServer, inEnv}
	requireChanged(keys, "AWS_SECRET_ACCESS_KEY", "rotated", []string{ofServer}, all)
	requireChanged(keys, "AWS_ACCESS_KEY_ID", "rotated", []string{ofServer, inEnv}, all)
	requireChanged(keys, "AWS_SESSION_TOKEN", "new", []string{ofServer}, all)
	requireChanged(buckets, "warm", "b", []string{withBucket}, []string{withBucket})
}

func TestResolveReadsASecretOncePerVersion(t *testing.T) {
	keys := secret("keys", map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"})
	s, resolver := newStore(t, keys)
	for range 3 {
		s.resolve(t, resolver, s3Spec)
	}
	require.Equal(t, 1, s.reads)

	require.NoError(t, s.Update(t.Context(), keys))
	s.resolve(t, resolver, s3Spec)
	s.resolve(t, resolver, s3Spec)
	require.Equal(t, 2, s.reads)

	require.NoError(t, s.Delete(t.Context(), keys))
	require.NotEmpty(t, s.resolve(t, resolver, s3Spec).Problems)
}

// An API server that cannot be asked must not look like a missing Secret.
func TestResolvePassesErrorsOn(t *testing.T) {
	s, resolver := newStore(t)
	s.fail = errors.New("connection refused")
	_, err := resolver.Resolve(t.Context(), clusterOf(t, s3Spec))
	require.EqualError(t, err, `reading Secret "keys": connection refused`)
}

func TestHeldBackNamesTheProblems(t *testing.T) {
	found := secrets.Resolution{Problems: []string{"a", "b"}, Missing: []string{"c"}}
	require.EqualError(t, secrets.HeldBack(found), "held back until the Secrets are corrected: a; b")
	require.Equal(t, v1alpha1.ReasonSecretMissing, found.Reason())
}
