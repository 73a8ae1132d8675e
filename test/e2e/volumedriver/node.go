package volumedriver

import (
	"context"
	"errors"
	"os"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// NodeGetInfo names the node.
func (d *Driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.Node}, nil
}

// NodeGetCapabilities says that volumes are staged and that file systems grow.
func (d *Driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	answer := &csi.NodeGetCapabilitiesResponse{}
	for _, capability := range []csi.NodeServiceCapability_RPC_Type{
		csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME,
		csi.NodeServiceCapability_RPC_EXPAND_VOLUME,
	} {
		answer.Capabilities = append(answer.Capabilities, &csi.NodeServiceCapability{
			Type: &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{Type: capability}},
		})
	}
	return answer, nil
}

// NodeStageVolume has nothing to do: the folder is there.
func (d *Driver) NodeStageVolume(context.Context, *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	return &csi.NodeStageVolumeResponse{}, nil
}

// NodeUnstageVolume has nothing to undo.
func (d *Driver) NodeUnstageVolume(context.Context, *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	return &csi.NodeUnstageVolumeResponse{}, nil
}

// NodePublishVolume mounts the folder into a pod, once for each target. The first time is when
// an offline growth takes effect: the kubelet asks for one after the mount only.
func (d *Driver) NodePublishVolume(_ context.Context, request *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	found := d.volumes[request.GetVolumeId()]
	if found == nil {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.GetVolumeId())
	}
	target := request.GetTargetPath()
	if err := os.MkdirAll(target, 0o750); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	mounted, err := isMountPoint(target)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if mounted {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := unix.Mount(d.folder(request.GetVolumeId()), target, "", unix.MS_BIND, ""); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	if found.published == 0 {
		// The file system grows before it is mounted, whatever the class.
		found.usable = found.capacity
	}
	found.published++
	return &csi.NodePublishVolumeResponse{}, nil
}

// NodeUnpublishVolume takes the folder out of a pod.
func (d *Driver) NodeUnpublishVolume(_ context.Context, request *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	target := request.GetTargetPath()
	mounted, err := isMountPoint(target)
	if err == nil && mounted {
		err = unix.Unmount(target, 0)
		if found := d.volumes[request.GetVolumeId()]; err == nil && found != nil {
			found.published--
		}
	}
	if err == nil {
		err = os.RemoveAll(target)
	}
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

// NodeExpandVolume grows the file system, unless it is one that grows offline and a pod
// has it.
func (d *Driver) NodeExpandVolume(_ context.Context, request *csi.NodeExpandVolumeRequest) (*csi.NodeExpandVolumeResponse, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	found := d.volumes[request.GetVolumeId()]
	if found == nil {
		return nil, status.Errorf(codes.NotFound, "no volume %s", request.GetVolumeId())
	}
	wanted := request.GetCapacityRange().GetRequiredBytes()
	if found.usable < wanted && found.growth == GrowsOffline && found.published > 0 {
		return nil, status.Error(codes.FailedPrecondition, "the file system grows only when it is mounted the next time")
	}
	found.usable = max(found.usable, wanted)
	return &csi.NodeExpandVolumeResponse{CapacityBytes: found.usable}, nil
}

// isMountPoint tells whether something is mounted on the folder. A bind mount of the
// same file system has the same device, so the kernel is asked.
func isMountPoint(folder string) (bool, error) {
	var info unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, folder, unix.AT_SYMLINK_NOFOLLOW, 0, &info)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return info.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0, err
}
