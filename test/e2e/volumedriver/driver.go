package volumedriver

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
	registerapi "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// Name is the driver's, by which storage classes choose it.
const Name = "folders.test.barq.db"

// Driver serves the volumes of one node.
type Driver struct {
	// Node is the node's name.
	Node string
	// Folder is where the volumes are.
	Folder string
	// Kubelet is the folder of the kubelet, in which it looks for drivers.
	Kubelet string

	lock sync.Mutex
	// volumes by id.
	volumes map[string]*volume
	servers []*grpc.Server

	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
}

// volume is one folder.
type volume struct {
	growth Growth
	// capacity is what the storage gives, usable what the file system has made of it,
	// both in bytes.
	capacity, usable int64
	// published counts the pods that have it mounted.
	published int
}

// Socket is where the driver is reached.
func (d *Driver) Socket() string { return filepath.Join(d.Kubelet, "plugins", Name, "csi.sock") }

// Start serves the driver and tells the kubelet of it.
func (d *Driver) Start() error {
	d.volumes = map[string]*volume{}
	driver := grpc.NewServer()
	csi.RegisterIdentityServer(driver, d)
	csi.RegisterControllerServer(driver, d)
	csi.RegisterNodeServer(driver, d)
	registration := grpc.NewServer()
	registerapi.RegisterRegistrationServer(registration, &registrar{socket: d.Socket()})
	d.servers = []*grpc.Server{driver, registration}

	registry := filepath.Join(d.Kubelet, "plugins_registry")
	for _, folder := range []string{d.Folder, filepath.Dir(d.Socket()), registry} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	for socket, server := range map[string]*grpc.Server{
		d.Socket(): driver, filepath.Join(registry, Name+"-reg.sock"): registration,
	} {
		listener, err := net.Listen("unix", socket)
		if err != nil {
			return fmt.Errorf("serving the volume driver: %w", err)
		}
		go func() { _ = server.Serve(listener) }()
	}
	return nil
}

// Stop ends it.
func (d *Driver) Stop() {
	for _, server := range d.servers {
		server.Stop()
	}
}

// GetPluginInfo gives the driver's name.
func (d *Driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: Name, VendorVersion: "1"}, nil
}

// GetPluginCapabilities says that it makes volumes, and grows those that are in use.
func (d *Driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{Capabilities: []*csi.PluginCapability{
		{Type: &csi.PluginCapability_Service_{Service: &csi.PluginCapability_Service{
			Type: csi.PluginCapability_Service_CONTROLLER_SERVICE,
		}}},
		{Type: &csi.PluginCapability_VolumeExpansion_{VolumeExpansion: &csi.PluginCapability_VolumeExpansion{
			Type: csi.PluginCapability_VolumeExpansion_ONLINE,
		}}},
	}}, nil
}

// Probe says that it is ready.
func (d *Driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{Ready: wrapperspb.Bool(true)}, nil
}

// registrar answers the kubelet's questions about the driver.
type registrar struct {
	socket string
	registerapi.UnimplementedRegistrationServer
}

func (r *registrar) GetInfo(context.Context, *registerapi.InfoRequest) (*registerapi.PluginInfo, error) {
	return &registerapi.PluginInfo{
		Type: registerapi.CSIPlugin, Name: Name, Endpoint: r.socket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r *registrar) NotifyRegistrationStatus(context.Context, *registerapi.RegistrationStatus) (*registerapi.RegistrationStatusResponse, error) {
	return &registerapi.RegistrationStatusResponse{}, nil
}
