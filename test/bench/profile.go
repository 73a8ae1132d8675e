package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// withProfile measures while a profile of the operator's CPU is taken, if the parameters ask for one. It is a file for
// `go tool pprof` in the folder of the run. Being profiled costs the operator CPU too, so figures of such a run are not
// for the documents.
func (s *session) withProfile(measurement string, measure phase) phase {
	if s.parameters.Profile == 0 || !isOurs(s.contender) {
		return measure
	}
	return func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return measure(ctx) })
		group.Go(func() error {
			file := filepath.Join(s.Folder, s.namespace+"-"+measurement+".pprof")
			if err := s.program.writeProfile(ctx, s.parameters.Profile, file); err != nil {
				return fmt.Errorf("take a profile of the CPU: %w", err)
			}
			s.progress("profile of the first %s: %s", s.parameters.Profile, file)
			return nil
		})
		return group.Wait()
	}
}

// writeProfile writes which code the CPU is used by in the next seconds.
func (p *program) writeProfile(ctx context.Context, duration time.Duration, file string) (err error) {
	address := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.profiles, int(duration.Seconds()))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, content)
	}
	return os.WriteFile(file, content, 0o600)
}
