package serve

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// manager tells the service manager (systemd) how the daemon is: ready, stopping, alive,
// and a line of words. Without a service manager it does nothing.
type manager struct {
	health *health
	every  time.Duration // how often it says that the process is alive
	send   func(lines string) (sent bool, err error)
	log    *slog.Logger
}

// sayEvery is how often the words are renewed if the manager wants no sign of life.
const sayEvery = 10 * time.Second

// newManager returns the manager that started this process. It hears from us three times
// as often as it wants to, so that one lost message ends nothing.
func newManager(h *health, log *slog.Logger) (*manager, error) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("the watchdog of the service manager: %w", err)
	}
	m := &manager{health: h, every: sayEvery, log: log, send: func(lines string) (bool, error) { return daemon.SdNotify(false, lines) }}
	if within > 0 {
		m.every = within / 3
	}
	return m, nil
}

// ready says that the daemon serves and works.
func (m *manager) ready() { m.tell(daemon.SdNotifyReady, m.status(nil)) }

// run tells the manager how the daemon is until ctx ends, and then that it stops. While
// the process makes no progress it gives no sign of life: the manager restarts it.
func (m *manager) run(ctx context.Context) error {
	ticker := time.NewTicker(m.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			m.tell(daemon.SdNotifyStopping, "STATUS=stopping: its jobs are ending")
			return nil
		case <-ticker.C:
		}
		if stuck := m.health.alive(); stuck != nil {
			m.tell(m.status(stuck))
		} else {
			m.tell(daemon.SdNotifyWatchdog, m.status(nil))
		}
	}
}

// status is the line that `systemctl status` shows.
func (m *manager) status(stuck error) string {
	if stuck != nil {
		return "STATUS=no progress, and no sign of life until there is: " + strings.ReplaceAll(stuck.Error(), "\n", "; ")
	}
	return "STATUS=" + m.health.words()
}

func (m *manager) tell(lines ...string) {
	if _, err := m.send(strings.Join(lines, "\n")); err != nil {
		m.log.Warn("telling the service manager", "error", err)
	}
}
