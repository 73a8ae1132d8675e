package chaos

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/barq-db/barq-operator/test/wait"
)

// writesAwaited is longer than the operator waits for its own writes to come into its cache.
const writesAwaited = 31 * time.Second

// damagedReleases loses and breaks what Helm has stored, while Helm works with it.
func damagedReleases() *fault {
	return &fault{
		name:   "damaged-releases",
		does:   "Five times a second a random Secret of a release is deleted, cut in half or overwritten.",
		inject: repeat(damageRelease, 200*time.Millisecond),
		afterwards: func(ctx context.Context, s *stage) error {
			// Until then the operator takes a Secret that its cache does not show for one that it has just written.
			if err := wait.Sleep(ctx, writesAwaited); err != nil {
				return err
			}
			return touchAll(ctx, s)
		},
	}
}

// damageRelease does it to one Secret. One that is gone or has changed meanwhile is left.
func damageRelease(ctx context.Context, s *stage) error {
	list, err := s.releaseSecrets(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	chosen := list[s.random.IntN(len(list))]
	secret := &corev1.Secret{}
	if err := s.Admin.Get(ctx, client.ObjectKeyFromObject(&chosen), secret); err != nil {
		return client.IgnoreNotFound(err)
	}
	content := secret.Data["release"]
	switch s.random.IntN(3) {
	case 0:
		return client.IgnoreNotFound(s.Admin.Delete(ctx, secret))
	case 1:
		secret.Data["release"] = content[:len(content)/2]
	default:
		secret.Data["release"] = []byte("e30=")
	}
	// Without the version, so that it is damaged whatever became of it.
	secret.ResourceVersion = ""
	return client.IgnoreNotFound(s.Admin.Update(ctx, secret))
}

// touchAll has the operator look at every BarqCluster again, as it would by itself within ten minutes.
func touchAll(ctx context.Context, s *stage) error {
	clusters, err := s.clusters(ctx)
	if err != nil {
		return err
	}
	return each(ctx, len(clusters), func(ctx context.Context, i int) error {
		return client.IgnoreNotFound(s.patch(ctx, clusters[i].Name, `{"metadata":{"labels":{"example.com/touched":"`+time.Now().Format("150405")+`"}}}`))
	})
}
