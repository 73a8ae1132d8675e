package termination

import (
	"errors"
	"fmt"
	"os"

	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// Write writes a message to the file that the kubelet reads. Outside a container there is none, and nothing is written.
func Write(path string, said v1.Termination) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = file.Write(said.Encode())
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return fmt.Errorf("write the termination message: %w", err)
	}
	return nil
}
