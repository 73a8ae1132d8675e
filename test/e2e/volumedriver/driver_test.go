package volumedriver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	registerapi "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const megabyte = 1 << 20

func start(t *testing.T) (*Driver, grpc.ClientConnInterface) {
	t.Helper()
	kubelet, err := os.MkdirTemp("", "kubelet") //nolint:usetesting // A socket's path may have 107 characters at most.
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(kubelet)) })
	driver := &Driver{Node: "node", Folder: filepath.Join(t.TempDir(), "volumes"), Kubelet: kubelet}
	require.NoError(t, driver.Start())
	t.Cleanup(driver.Stop)
	return driver, connect(t, driver.Socket())
}

func connect(t *testing.T, socket string) grpc.ClientConnInterface {
	t.Helper()
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close()) })
	return connection
}

func TestTheKubeletIsToldOfTheDriver(t *testing.T) {
	driver, _ := start(t)
	registration := registerapi.NewRegistrationClient(connect(t, filepath.Join(driver.Kubelet, "plugins_registry", Name+"-reg.sock")))
	info, err := registration.GetInfo(t.Context(), &registerapi.InfoRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{registerapi.CSIPlugin, Name, driver.Socket(), "1.0.0"},
		append([]string{info.Type, info.Name, info.Endpoint}, info.SupportedVersions...))
	node, err := csi.NewNodeClient(connect(t, info.Endpoint)).NodeGetInfo(t.Context(), &csi.NodeGetInfoRequest{})
	require.NoError(t, err)
	require.Equal(t, "node", node.NodeId)
}

func TestVolumesAreFolders(t *testing.T) {
	driver, connection := start(t)
	controller := csi.NewControllerClient(connection)
	file := filepath.Join(driver.Folder, "volume", "file")
	for range 2 {
		made, err := controller.CreateVolume(t.Context(), creation(GrowsOnline))
		require.NoError(t, err)
		require.Equal(t, "volume", made.Volume.VolumeId)
		require.Equal(t, int64(64*megabyte), made.Volume.CapacityBytes)
		require.NoError(t, os.WriteFile(file, nil, 0o600))
	}
	require.FileExists(t, file, "a second request makes nothing anew")
	for range 2 {
		_, err := controller.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: "volume"})
		require.NoError(t, err)
		require.NoDirExists(t, filepath.Dir(file))
	}
}

func TestHowVolumesGrow(t *testing.T) {
	for name, test := range map[string]struct {
		growth    Growth
		published int
		// The answers of the storage and of the node.
		controller, node codes.Code
	}{
		"online":              {growth: GrowsOnline, published: 1},
		"online, not in use":  {growth: GrowsOnline},
		"offline":             {growth: GrowsOffline, published: 1, node: codes.FailedPrecondition},
		"offline, not in use": {growth: GrowsOffline},
		"never":               {growth: GrowthFails, published: 1, controller: codes.OutOfRange},
	} {
		t.Run(name, func(t *testing.T) {
			driver, connection := start(t)
			controller, node := csi.NewControllerClient(connection), csi.NewNodeClient(connection)
			_, err := controller.CreateVolume(t.Context(), creation(test.growth))
			require.NoError(t, err)
			driver.volumes["volume"].published = test.published

			size := &csi.CapacityRange{RequiredBytes: 96 * megabyte}
			grown, err := controller.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{VolumeId: "volume", CapacityRange: size})
			require.Equal(t, test.controller, status.Code(err), err)
			if err != nil {
				return
			}
			require.Equal(t, size.RequiredBytes, grown.CapacityBytes)
			require.True(t, grown.NodeExpansionRequired)
			_, err = node.NodeExpandVolume(t.Context(), &csi.NodeExpandVolumeRequest{VolumeId: "volume", VolumePath: "/", CapacityRange: size})
			require.Equal(t, test.node, status.Code(err), err)
		})
	}
}

func TestUnknownVolumes(t *testing.T) {
	_, connection := start(t)
	size := &csi.CapacityRange{RequiredBytes: megabyte}
	_, err := csi.NewControllerClient(connection).ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{VolumeId: "volume", CapacityRange: size})
	require.Equal(t, codes.NotFound, status.Code(err), err)
	_, err = csi.NewNodeClient(connection).NodePublishVolume(t.Context(), &csi.NodePublishVolumeRequest{VolumeId: "volume"})
	require.Equal(t, codes.NotFound, status.Code(err), err)
}

func creation(growth Growth) *csi.CreateVolumeRequest {
	return &csi.CreateVolumeRequest{
		Name: "volume", CapacityRange: &csi.CapacityRange{RequiredBytes: 64 * megabyte},
		Parameters: map[string]string{growthParameter: string(growth)},
	}
}
