package ops

import (
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Command is about watching the daemon.
type Command struct {
	Write write `cmd:"" help:"Write Prometheus' rules, the runbook and Grafana's dashboards."`
}

type write struct {
	Folder      string   `arg:"" name:"dir" help:"The folder; it is made, and files of the same names are replaced."`
	Runbook     string   `default:"runbook" placeholder:"URL" help:"Where people find the pages of the runbook, for the alerts' links."`
	Daemon      []string `default:"127.0.0.1:8383" placeholder:"HOST:PORT" help:"Where Prometheus finds the daemons."`
	Prometheus  string   `default:"http://127.0.0.1:9090" placeholder:"URL" help:"Where Grafana finds Prometheus."`
	Disk        float64  `default:"0.1" placeholder:"PART" help:"Alert when less of a disk is free, from 0 to 1."`
	Connections float64  `default:"0.8" placeholder:"PART" help:"Alert when more of the database's connections are in use, from 0 to 1."`
	DatabaseGiB float64  `default:"50" name:"database-gib" placeholder:"N" help:"How large the database may become: alert at four fifths."`
	Scale       float64  `default:"1" placeholder:"N" help:"Divide the alerts' durations, for tests."`
}

// Help is shown by --help.
func (*write) Help() string {
	return `Writes prometheus/ (rules, and an example of prometheus.yml), grafana/ (dashboards, and how to
provision them) and runbook/, a page for each alert; dashboards and pages that an older version
wrote there are removed. It needs no database.`
}

// written is a file that was written.
type written struct {
	File  string `json:"file"`
	Bytes int    `json:"bytes"`
}

// Run writes the files, and prints their names.
func (c *write) Run(_ *wiring.App, out *commands.Printer) error {
	files, err := Files(Parameters{
		Runbook: strings.TrimRight(
			c.Runbook,
			"/",
		), Daemons: c.Daemon, Prometheus: c.Prometheus, Disk: c.Disk, DatabaseGiB: c.DatabaseGiB, Connections: c.Connections, Scale: c.Scale,
	})
	if err != nil {
		return commands.Usage(err)
	}
	if err := Write(c.Folder, files); err != nil {
		return err
	}
	done, rows := make([]written, len(files)), make([][]string, len(files))
	for i, f := range files {
		done[i], rows[i] = written{f.Name, len(f.Text)}, []string{f.Name}
	}
	out.Print(done, "FILE", rows)
	return nil
}
