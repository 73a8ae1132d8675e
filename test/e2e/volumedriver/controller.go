package volumedriver

import (
	"context"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Growth is how the volumes of a storage class grow; it is the class's parameter
// growth.
type Growth string

const (
	// GrowsOnline: while the volume is mounted.
	GrowsOnline Growth = "online"
	// GrowsOffline: the storage at once, the file system when it is next mounted.
	GrowsOffline Growth = "offline"
	// GrowthFails: the storage refuses every growth, having promised it.
	GrowthFails Growth = "fails"
)

// growthParameter is the name of the parameter.
const growthParameter = "growth"

// ControllerGetCapabilities says that volumes can be made, deleted and grown.
func (d *Driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	answer := &csi.ControllerGetCapabilitiesResponse{}
	for _, capability := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_EXPAND_VOLUME,
	} {
		answer.Capabilities = append(answer.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: capability}},
		})
	}
	return answer, nil
}

// CreateVolume makes a folder, once for each name.
func (d *Driver) CreateVolume(_ context.Context, request *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	id := request.GetName()
	if d.volumes[id] == nil {
		size := request.GetCapacityRange().GetRequiredBytes()
		d.volumes[id] = &volume{growth: Growth(request.GetParameters()[growthParameter]), capacity: size, usable: size}
	}
	if err := os.MkdirAll(d.folder(id), 0o750); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: id, CapacityBytes: d.volumes[id].capacity}}, nil
}

// DeleteVolume removes a folder and what is in it.
func (d *Driver) DeleteVolume(_ context.Context, request *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	id := request.GetVolumeId()
	if found := d.volumes[id]; found != nil && found.published > 0 {
		return nil, status.Errorf(codes.FailedPrecondition, "volume %s is mounted", id)
	}
	if err := os.RemoveAll(d.folder(id)); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	delete(d.volumes, id)
	return &csi.DeleteVolumeResponse{}, nil
}

// ValidateVolumeCapabilities confirms what is asked for.
func (d *Driver) ValidateVolumeCapabilities(_ context.Context, request *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeCapabilities: request.GetVolumeCapabilities(),
	}}, nil
}

// ControllerExpandVolume grows what the storage gives.
func (d *Driver) ControllerExpandVolume(_ context.Context, request *csi.ControllerExpandVolumeRequest) (*csi.ControllerExpandVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	found := d.volumes[request.GetVolumeId()]
	if found == nil {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.GetVolumeId())
	}
	if found.growth == GrowthFails {
		// ResourceExhausted would leave open whether the storage goes on with it, and so
		// keep Kubernetes from ever taking the growth back.
		return nil, status.Error(codes.OutOfRange, "the storage gives no volume more than it has")
	}
	found.capacity = max(found.capacity, request.GetCapacityRange().GetRequiredBytes())
	return &csi.ControllerExpandVolumeResponse{CapacityBytes: found.capacity, NodeExpansionRequired: true}, nil
}

func (d *Driver) folder(id string) string { return filepath.Join(d.Folder, filepath.Base(id)) }
