package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/barq-db/barq-operator/api/v1alpha1"
	"github.com/barq-db/barq-operator/internal/objectstore"
	"github.com/barq-db/barq-operator/test/e2e/pods"
	"github.com/barq-db/barq-operator/test/objectservers"
	"github.com/barq-db/barq-operator/test/wait"
)

// bucket is the bucket of the warm tier, and the Secret with its keys.
const bucket = "digits"

// tiers turns a tier on in a bucket of this machine, throws the volume away, and looks for every document. Then it turns the tier off,
// because its store ends with the demo.
func (d *demo) tiers(ctx context.Context) error {
	if !d.ownNode {
		d.say("        This needs a store that the pods reach, as on the node that the demo brings up.")
		return nil
	}
	found, err := d.pod(ctx)
	if err != nil {
		return err
	}
	host, err := pods.HostAddress(found.Status.PodIP)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "barq-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	store, err := objectservers.Start(ctx, objectservers.Config{
		Provider: objectstore.S3, Root: d.root, Address: net.JoinHostPort(host, "0"), Folder: folder, Progress: d.out,
	})
	if err != nil {
		return err
	}
	return errors.Join(d.throwAway(ctx, store), store.Stop())
}

func (d *demo) throwAway(ctx context.Context, store *objectservers.Server) error {
	if err := store.CreateBucket(ctx, bucket); err != nil {
		return err
	}
	keys := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: bucket}, StringData: store.Secret()}
	if err := d.client.Create(ctx, keys); err != nil {
		return err
	}
	// Nothing is written from here on.
	written := time.Now()
	d.progress("a store for S3 answers at %s; turning the warm tier on, which restarts the pod", store.URL())
	err := d.changeTiering(ctx, v1alpha1.TieringSpec{
		Enabled: true, HotPath: v1alpha1.HotPathPVC, MaxLag: "2s",
		Warm: &v1alpha1.TierSpec{
			Provider: v1alpha1.ProviderS3, Bucket: bucket, Endpoint: store.URL(), Region: store.Options(bucket).Region,
			CredentialsSecretRef: &v1alpha1.SecretReference{Name: bucket},
		},
	})
	if err != nil {
		return err
	}
	err = wait.For(ctx, "the bucket to have all", func(ctx context.Context) (bool, error) {
		cluster, err := d.cluster(ctx)
		if err != nil || cluster.Status.Tiering == nil {
			return false, err
		}
		until := cluster.Status.Tiering.RecoverableUntil
		return until != nil && until.After(written) && meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionArchiving), nil
	})
	if err != nil {
		return err
	}
	if err := d.showTiering(ctx); err != nil {
		return err
	}
	if err := d.destroy(ctx); err != nil {
		return err
	}
	if err := d.count(ctx); err != nil {
		return err
	}
	d.progress("turning the tier off, because its store ends with the demo")
	return d.changeTiering(ctx, v1alpha1.TieringSpec{HotPath: v1alpha1.HotPathPVC})
}

// destroy deletes the pod and its volume, and waits until another pod answers on another volume.
func (d *demo) destroy(ctx context.Context) error {
	before, err := d.pod(ctx)
	if err != nil {
		return err
	}
	pvc := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "data-" + pod}}
	if err := d.client.Delete(ctx, pvc); err != nil {
		return err
	}
	if err := d.client.Delete(ctx, before, &client.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}); err != nil {
		return err
	}
	began := time.Now()
	d.progress("kubectl delete pvc data-%s, and the pod with it", pod)
	if err := d.awaitSuccessor(ctx, identity(before)); err != nil {
		return err
	}
	d.progress("the database answers again on a new volume, %.1f s later", time.Since(began).Seconds())
	return nil
}

// changeTiering changes the BarqCluster, and waits until its pod is of the new spec.
func (d *demo) changeTiering(ctx context.Context, tiering v1alpha1.TieringSpec) error {
	before, err := d.pod(ctx)
	if err != nil {
		return err
	}
	cluster, err := d.cluster(ctx)
	if err != nil {
		return err
	}
	changed := cluster.DeepCopy()
	changed.Spec.Tiering = tiering
	if err := d.client.Patch(ctx, changed, client.MergeFrom(cluster)); err != nil {
		return err
	}
	return errors.Join(d.awaitSuccessor(ctx, identity(before)), d.follow(ctx))
}

func (d *demo) showTiering(ctx context.Context) error {
	cluster, err := d.cluster(ctx)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(cluster.Status.Tiering)
	if err != nil {
		return fmt.Errorf("write status.tiering: %w", err)
	}
	d.say("status.tiering:\n%s", text)
	return nil
}
