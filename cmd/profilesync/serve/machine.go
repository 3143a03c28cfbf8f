package serve

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/profilesync/profilesync/cmd/internal/admin"
)

// registerMachine registers the schedules of this process and the disks it writes to.
func (s *service) registerMachine(registry *prometheus.Registry) error {
	all, err := s.Schedules(s.sinks)
	if err != nil {
		return err
	}
	longest := make(map[string]time.Duration, len(all))
	for _, schedule := range all {
		longest[schedule.Name] = schedule.Longest(s.Settings.Clock())
	}
	admin.RegisterSchedules(registry, longest)
	admin.RegisterDisk(registry, s.Folders())
	return nil
}
