package cluster

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// StorageClass is the name of the default storage class, whose volumes are bound
// and grown at once and removed with their PVCs.
const StorageClass = "simulated"

// AddressAnnotation is the annotation of a pod that says which address it has. stages/pod.yaml reads it.
const AddressAnnotation = "test.barq.db/address"

// provisioner is the name by which stages/volume.yaml knows its PVCs.
const provisioner = "volumes.test.barq.db"

// stagesFile is the name of the stages' file in the state directory.
const stagesFile = "stages.yaml"

//go:embed stages/*.yaml
var stages embed.FS

// writeStages writes the simulated behaviour where kwok can read it.
func writeStages(d directory) error {
	files, err := fs.Glob(stages, "stages/*.yaml")
	if err != nil {
		return err
	}
	var documents [][]byte
	for _, file := range files {
		data, err := stages.ReadFile(file)
		if err != nil {
			return err
		}
		documents = append(documents, data)
	}
	return os.WriteFile(d.state(stagesFile), bytes.Join(documents, []byte("---\n")), 0o600)
}

// createObjects makes what a cluster from any provider would come with.
func createObjects(ctx context.Context, client kubernetes.Interface) error {
	for i, zone := range []string{"a", "b", "c"} {
		if _, err := client.CoreV1().Nodes().Create(ctx, node(i, zone), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create a node: %w", err)
		}
	}
	if _, err := client.StorageV1().CSIDrivers().Create(ctx, csiDriver(), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create the CSI driver: %w", err)
	}
	if _, err := client.StorageV1().StorageClasses().Create(ctx, storageClass(), metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create the storage class: %w", err)
	}
	return nil
}

func node(index int, zone string) *corev1.Node {
	name := "node-" + zone
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:       name,
				corev1.LabelOSStable:       "linux",
				corev1.LabelArchStable:     runtime.GOARCH,
				corev1.LabelTopologyRegion: "test",
				corev1.LabelTopologyZone:   "test-" + zone,
			},
		},
		// Room for the addresses of as many pods as stages/node.yaml allows.
		Spec: corev1.NodeSpec{PodCIDR: fmt.Sprintf("10.%d.0.0/16", 1+index)},
	}
}

// csiDriver says that the volumes of the storage class need no attaching, which
// no controller would do.
func csiDriver() *storagev1.CSIDriver {
	return &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: provisioner},
		Spec:       storagev1.CSIDriverSpec{AttachRequired: ptr.To(false)},
	}
}

func storageClass() *storagev1.StorageClass {
	return &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        StorageClass,
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner:          provisioner,
		ReclaimPolicy:        ptr.To(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode:    ptr.To(storagev1.VolumeBindingImmediate),
		AllowVolumeExpansion: ptr.To(true),
	}
}
