//go:build linux

package parent

import (
	"slices"

	"github.com/barq-db/barq-operator/internal/agent/quarantine"
	v1 "github.com/barq-db/barq-operator/internal/agentapi/v1"
)

// reportQuarantine takes note of what is in quarantine. A person can close a folder at any time.
func (p *parent) reportQuarantine() error {
	open, err := quarantine.Open(p.root)
	if err != nil || slices.Equal(open, p.open) {
		return err
	}
	var found *v1.Quarantine
	for _, name := range open {
		entries, err := quarantine.Read(p.root, name)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if !entry.Lost {
				continue
			}
			if found == nil {
				found = &v1.Quarantine{Time: entry.Time, First: v1.Loss{
					Tenant: entry.Tenant, Collection: entry.Name, File: entry.File, Line: entry.Line, Kind: entry.Kind, Quarantine: name,
				}}
			}
			found.Lost++
		}
	}
	p.open = open
	p.Report.Change(func(status *v1.Status) { status.Log.Quarantine = found })
	return nil
}
