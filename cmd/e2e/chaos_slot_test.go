package e2e

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
)

// slot is a place for a daemon: whoever is killed there is followed by another one.
type slot struct {
	chaos *chaos
	n     int
	line  *pgproxy.Proxy // between the daemon and the database
	clock string         // the instant that the next daemon plays

	daemon
	ended chan struct{} // closed when the daemon has ended
	asked bool          // whether it was killed or asked to stop
	logs  []*output     // of all that were here
}

func (c *chaos) serveAll() {
	var starting sync.WaitGroup
	for _, d := range c.daemons {
		starting.Go(d.serve)
	}
	starting.Wait()
}

// serve starts a daemon. One that begins while the database is down gives up, and is started
// again, as a service manager does it.
func (d *slot) serve() {
	c := d.chaos
	s := c.with("DATABASE_URL="+d.line.URL(), "NOW="+d.clock, "HTTP_ADDRESS=127.0.0.1:0", "API_ADDRESS=off")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		ended := make(chan struct{})
		d.daemon = daemon{site: s, started: s.start(context.WithoutCancel(c.t.Context()), "serve")}
		d.ended, d.asked, d.logs = ended, false, append(d.logs, d.stderr)
		process := d.cmd
		go func() {
			_ = process.Wait()
			close(ended)
		}()
		c.t.Cleanup(func() { _ = process.Process.Kill() })
		if d.answers(deadline) {
			c.notef("daemon %d serves at %s: process %d", d.n, d.clock, d.cmd.Process.Pid)
			return
		}
		c.notef("daemon %d ended before it served", d.n)
	}
	c.wrongf("settles", "daemon %d does not serve", d.n)
}

// answers waits until the daemon serves, and reports false if it ended before.
func (d *slot) answers(deadline time.Time) bool {
	for d.address() == "" && time.Now().Before(deadline) {
		select {
		case <-d.ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return d.address() != ""
}

// askOnce makes a request to a daemon, which may be gone.
func askOnce(address string) (status int, body string, err error) {
	client := http.Client{Timeout: 5 * time.Second, Transport: eachDaemon}
	answer, err := client.Get(address)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// kill kills the daemon, and reports false if it had ended before.
func (d *slot) kill() bool {
	d.asked = true
	err := d.cmd.Process.Kill()
	<-d.ended
	status, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return err == nil && ok && status.Signaled()
}

// stop asks the daemon to stop, and wants it to end well and soon.
func (d *slot) stop() {
	c := d.chaos
	d.asked = true
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(patience / 2):
		c.wrongf("daemons-live", "daemon %d does not stop", d.n)
		d.kill()
		return
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		c.wrongf("daemons-live", "daemon %d ended with %d", d.n, code)
	}
}

// lives reports whether the daemon still runs; one that ended by itself is wrong.
func (d *slot) lives() bool {
	select {
	case <-d.ended:
		if !d.asked {
			d.chaos.wrongf("daemons-live", "daemon %d ended by itself: %s", d.n, d.cmd.ProcessState)
			d.asked = true
		}
		return false
	default:
		return true
	}
}

// sayLogs logs what the daemons of the slot complained of, the newest last.
func (d *slot) sayLogs(t *testing.T) {
	t.Helper()
	for n, log := range d.logs {
		var lines []string
		for line := range strings.Lines(log.String()) {
			if !strings.Contains(line, `"level":"INFO"`) && !strings.Contains(line, "logged in as the owner") {
				lines = append(lines, line[:min(len(line)-1, 300)]+"\n")
			}
		}
		t.Logf("daemon %d, process %d, complained:\n%s", d.n, n, strings.Join(lines[max(0, len(lines)-25):], ""))
	}
}
