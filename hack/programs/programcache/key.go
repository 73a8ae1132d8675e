package programcache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
)

// toolchain is what, besides the module, decides the bytes of a program. The go
// command answers it inside the module, because a toolchain directive there may
// choose another Go release than the one on the PATH.
type toolchain struct {
	GOVERSION    string
	GOOS         string
	GOARCH       string
	GOAMD64      string
	GOARM64      string
	GOFLAGS      string
	GOEXPERIMENT string
}

func toolchainOf(ctx context.Context, dir string) (toolchain, error) {
	out, err := goCommand(ctx, dir, "env", "-json",
		"GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOFLAGS", "GOEXPERIMENT")
	if err != nil {
		return toolchain{}, err
	}
	var found toolchain
	return found, json.Unmarshal(out, &found)
}

// key says which built program answers a request. Two requests with equal keys
// would give the same program, in whichever checkout they are made.
func key(pins []byte, program Program, tools toolchain) string {
	// Marshalling strings cannot fail, and it keeps the parts apart.
	described, _ := json.Marshal(struct {
		Pins      []byte
		Program   Program
		Toolchain toolchain
	}{pins, program, tools})
	sum := sha256.Sum256(described)
	return hex.EncodeToString(sum[:8])
}

// entry is the path of a program in the cache. The directory carries the
// version for a person who looks, and the file the bare name, so that the
// program may be linked or run as it is.
func entry(cacheDir string, program Program, key string) string {
	return filepath.Join(cacheDir, program.Name+"-"+program.Version+"-"+key, program.Name)
}
