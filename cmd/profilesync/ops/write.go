package ops

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed runbook/*.md
var runbook embed.FS

// before is what every page of the runbook says first, for somebody whom it woke.
//
//go:embed before.md
var before string

// File is a file to write.
type File struct {
	Name string // below the folder, with slashes
	Text []byte
}

// Files are all files, in the order of their names.
func Files(p Parameters) ([]File, error) {
	rules, err := Rules(p)
	if err != nil {
		return nil, err
	}
	files := []File{
		{"prometheus/profilesync.rules.yml", rules},
		{"prometheus/prometheus.yml", fmt.Appendf(nil, prometheusExample, `"`+strings.Join(p.Daemons, `", "`)+`"`)},
		{"grafana/provisioning/datasources/profilesync.yml", fmt.Appendf(nil, datasource, p.Prometheus)},
		{"grafana/provisioning/dashboards/profilesync.yml", []byte(provider)},
	}
	for _, board := range Boards() {
		text, err := board.JSON()
		if err != nil {
			return nil, err
		}
		files = append(files, File{"grafana/dashboards/" + board.Name + ".json", text})
	}
	for _, alert := range Alerts() {
		text, err := fs.ReadFile(runbook, path.Join("runbook", alert.Page()))
		if err != nil {
			return nil, fmt.Errorf("the runbook of %s: %w", alert.Name, err)
		}
		page := strings.Replace(string(text), "\n## Look\n", "\n"+before+"\n## Look\n", 1)
		files = append(files, File{"runbook/" + alert.Page(), []byte(page)})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// Write writes the files below a folder, which it makes; files of the same names are
// replaced, and dashboards and pages that an older version wrote there removed. Others can read
// them, whatever the umask is: Prometheus and Grafana run as users of their own.
func Write(dir string, files []File) error {
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := makeFolder(filepath.Dir(name)); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Text, 0o644); err != nil { //nolint:gosec // see above
			return err
		}
		if err := os.Chmod(name, 0o644); err != nil { //nolint:gosec // see above
			return err
		}
	}
	return removeOld(dir, files)
}

// makeFolder makes a folder, and those above it, that others can enter. One that exists stays as it is.
func makeFolder(name string) error {
	err := os.Mkdir(name, 0o755) //nolint:gosec // see Write
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeFolder(filepath.Dir(name)); err != nil {
			return err
		}
		err = os.Mkdir(name, 0o755) //nolint:gosec // see Write
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return os.Chmod(name, 0o755) //nolint:gosec // see Write
}

// removeOld removes what an older version wrote and this one does not: Grafana would go on showing it.
func removeOld(dir string, files []File) error {
	for pattern, ours := range map[string]string{
		"grafana/dashboards/profilesync-*.json": `"uid": "profilesync-`, "runbook/*.md": "\n**What it means.** ",
	} {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		for _, name := range found {
			below, err := filepath.Rel(dir, name)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(name) //nolint:gosec // below the directory that the caller named
			switch {
			case err != nil:
				return err
			case !strings.Contains(string(text), ours): // somebody's own
			case slices.ContainsFunc(files, func(f File) bool { return f.Name == filepath.ToSlash(below) }):
			default:
				if err := os.Remove(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const prometheusExample = `# An example, written by ` + "`profilesync ops write`" + `. An alert names the job: keep its name.
global:
  scrape_interval: 15s # the daemon reads the database at most this often
  evaluation_interval: 15s
rule_files:
  - profilesync.rules.yml
scrape_configs:
  - job_name: profilesync
    static_configs:
      # Every daemon. It listens where only its own machine reaches it, unless PROFILESYNC_HTTP_OPEN is set, and answers to the
      # names of PROFILESYNC_HTTP_HOSTS: let Prometheus run there, or a proxy.
      - targets: [%s]
# alerting:
#   alertmanagers:
#     - static_configs:
#         - targets: ["127.0.0.1:9093"]
`

const datasource = `# Written by ` + "`profilesync ops write`" + `: Grafana reads it below /etc/grafana/provisioning.
apiVersion: 1
datasources:
  - name: Prometheus
    type: prometheus
    access: proxy
    url: %q
    isDefault: true
`

const provider = `# Written by ` + "`profilesync ops write`" + `: Grafana reads it below /etc/grafana/provisioning.
apiVersion: 1
providers:
  - name: profilesync
    folder: profilesync
    type: file
    allowUiUpdates: false
    options:
      path: /var/lib/grafana/dashboards
`
