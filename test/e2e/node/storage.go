package node

import (
	"context"
	"fmt"

	"github.com/container-storage-interface/spec/lib/go/csi"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/barq-db/barq-operator/test/e2e/volumedriver"
)

// Storage classes of the node; the first is the default.
const (
	// Expandable volumes grow while they are mounted.
	Expandable = "expandable"
	// ExpandableOffline volumes grow when they are mounted the next time.
	ExpandableOffline = "expandable-offline"
	// ExpandableBroken volumes may be asked to grow, and the storage fails at it.
	ExpandableBroken = "expandable-broken"
	// Fixed volumes cannot grow.
	Fixed = "fixed"
)

// startStorage makes the storage classes and starts what provisions and grows their
// volumes.
func (n *Node) startStorage(ctx context.Context) error {
	client, err := n.client()
	if err != nil {
		return err
	}
	driver := &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: volumedriver.Name}, Spec: storagev1.CSIDriverSpec{
		AttachRequired: ptr.To(false), FSGroupPolicy: ptr.To(storagev1.FileFSGroupPolicy),
	}}
	if _, err := client.StorageV1().CSIDrivers().Create(ctx, driver, metav1.CreateOptions{}); err != nil {
		return err
	}
	for name, growth := range map[string]volumedriver.Growth{
		Expandable: volumedriver.GrowsOnline, ExpandableOffline: volumedriver.GrowsOffline,
		ExpandableBroken: volumedriver.GrowthFails, Fixed: "",
	} {
		class := &storagev1.StorageClass{
			ObjectMeta:  metav1.ObjectMeta{Name: name},
			Provisioner: volumedriver.Name, AllowVolumeExpansion: ptr.To(growth != ""),
			ReclaimPolicy: ptr.To(corev1.PersistentVolumeReclaimDelete), Parameters: map[string]string{"growth": string(growth)},
		}
		if name == Expandable {
			class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
		}
		if _, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if n.options.Bare {
		return n.makeVolumes(ctx, client)
	}
	for _, sidecar := range []string{provisioner, resizer} {
		err := n.run(sidecar, "--kubeconfig="+n.Kubeconfig(), "--csi-address="+n.driver.Socket(),
			"--kube-api-qps=100", "--kube-api-burst=200", "--retry-interval-start=500ms", "--retry-interval-max=5s")
		if err != nil {
			return err
		}
	}
	return nil
}

// makeVolumes makes the volumes of a bare node, for PVCs of the default class: one, and another in the place of one that is thrown away.
func (n *Node) makeVolumes(ctx context.Context, client kubernetes.Interface) error {
	for _, id := range []string{"first", "second"} {
		if _, err := n.driver.CreateVolume(ctx, &csi.CreateVolumeRequest{Name: id}); err != nil {
			return err
		}
		volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: id}, Spec: corev1.PersistentVolumeSpec{
			Capacity:    corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: Expandable,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: volumedriver.Name, VolumeHandle: id, FSType: "ext4"},
			},
		}}
		if _, err := client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) client() (kubernetes.Interface, error) {
	config, err := n.control.Config()
	if err != nil {
		return nil, fmt.Errorf("the control plane's configuration: %w", err)
	}
	return kubernetes.NewForConfig(config)
}
