package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/promtest"
)

// scale divides the durations of alerts, so that an outage of an hour is one of 30
// seconds. Gauges are still read from the database every 15 seconds at most.
const scale = "120"

// prometheus is a real Prometheus that scrapes daemons every second, and evaluates the
// rules that `ops write` wrote.
type prometheus struct {
	site    *site
	dir     string
	address string
	process *os.Process
	allowed map[string]bool // alerts that may fire now
}

// watch starts a Prometheus that watches the daemons at the addresses, and waits until
// nothing fires.
func (s *site) watch(addresses []string) *prometheus {
	s.t.Helper()
	p := &prometheus{site: s, dir: s.t.TempDir(), address: freeAddress(s.t)}
	program := promtest.Program(s.t, "prometheus")
	p.write()
	config := "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [profilesync.rules.yml]\n" +
		"scrape_configs: [{job_name: profilesync, static_configs: [{targets: ['" + strings.Join(addresses, "', '") + "']}]}]\n"
	file := filepath.Join(p.dir, "prometheus", "test.yml")
	require.NoError(s.t, os.WriteFile(file, []byte(config), 0o600))
	cmd := exec.CommandContext(s.t.Context(), program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(p.dir, "data"),
		"--web.listen-address="+p.address, "--log.level=warn")
	said := new(output)
	cmd.Stdout, cmd.Stderr = said, said
	require.NoError(s.t, cmd.Start())
	p.process = cmd.Process
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("Prometheus: %s", said)
		}
	})
	// It fires NoDaemon until its first scrape.
	p.allowed = map[string]bool{"NoDaemon": true}
	require.Eventually(s.t, func() bool {
		return p.value("count(profilesync_progress_age_seconds)") != "" && p.isQuiet()
	}, patience, 100*time.Millisecond, "Prometheus scrapes, and nothing fires")
	p.allowed = map[string]bool{}
	return p
}

// write writes the rules, to be read at the next start or reload.
func (p *prometheus) write(flags ...string) {
	p.site.t.Helper()
	p.site.exits(0, append([]string{"ops", "write", p.dir, "--scale", scale}, flags...)...)
}

// reload has Prometheus read its rules again.
func (p *prometheus) reload(flags ...string) {
	p.site.t.Helper()
	p.write(flags...)
	require.NoError(p.site.t, p.process.Signal(syscall.SIGHUP))
}

// get asks Prometheus, and reads the data of its answer; false while it does not answer.
func (p *prometheus) get(path string, query url.Values, data any) bool {
	resp, err := http.Get("http://" + p.address + path + "?" + query.Encode())
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	answer := struct {
		Status   string          `json:"status"`
		Error    string          `json:"error"`
		Warnings []string        `json:"warnings"`
		Data     json.RawMessage `json:"data"`
	}{}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return false // it is starting
	}
	require.Equal(p.site.t, "success", answer.Status, "%s: %s", query.Get("query"), answer.Error)
	require.Empty(p.site.t, answer.Warnings, query.Get("query"))
	return json.Unmarshal(answer.Data, data) == nil
}

// result is the answer to a query.
type result struct {
	Result []struct {
		Metric map[string]string `json:"metric"`
		Value  []any             `json:"value"`
	} `json:"result"`
}

// value is the first value of a query; empty if there is none.
func (p *prometheus) value(query string) string {
	var found result
	if !p.get("/api/v1/query", url.Values{"query": {query}}, &found) || len(found.Result) == 0 {
		return ""
	}
	return fmt.Sprint(found.Result[0].Value[1])
}

// firing lists the alerts that fire, each with its labels but severity, instance and job; nil
// while Prometheus does not answer. One that may not fire now fails the test.
func (p *prometheus) firing() []string {
	p.site.t.Helper()
	var found struct {
		Alerts []struct {
			State  string            `json:"state"`
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	if !p.get("/api/v1/alerts", nil, &found) {
		return nil
	}
	names := []string{}
	for _, alert := range found.Alerts {
		if alert.State != "firing" {
			continue
		}
		text := alert.Labels["alertname"]
		for _, label := range slices.Sorted(maps.Keys(alert.Labels)) {
			if !slices.Contains([]string{"alertname", "severity", "instance", "job"}, label) {
				text += " " + label + "=" + alert.Labels[label]
			}
		}
		text = strings.TrimSuffix(text, " (reading)") // whichever of a sink's two breakers opens first
		require.True(p.site.t, p.allowed[text], "%s fires, and was not promised", text)
		names = append(names, text)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isQuiet reports whether Prometheus answers that nothing fires.
func (p *prometheus) isQuiet() bool {
	p.site.t.Helper()
	firing := p.firing()
	return firing != nil && len(firing) == 0
}

// fires waits until each of these alerts has fired; on the way there no others may, but
// those that fired before.
func (p *prometheus) fires(want ...string) {
	p.site.t.Helper()
	began, seen := time.Now(), map[string]bool{}
	for _, name := range want {
		p.allowed[name] = true
	}
	for len(seen) < len(want) && time.Since(began) < patience {
		for _, name := range p.firing() {
			if slices.Contains(want, name) && !seen[name] {
				seen[name] = true
				p.site.t.Logf("%5.1f s: %s", time.Since(began).Seconds(), name)
			}
		}
		<-time.After(200 * time.Millisecond)
	}
	require.ElementsMatch(p.site.t, want, slices.Collect(maps.Keys(seen)), "all fire")
}

// resolves waits until nothing fires. On the way there the given alerts may, besides those
// that fired; afterwards none.
func (p *prometheus) resolves(may ...string) {
	p.site.t.Helper()
	for _, name := range may {
		p.allowed[name] = true
	}
	began := time.Now()
	require.Eventually(p.site.t, p.isQuiet, patience, 200*time.Millisecond, "%v", may)
	p.site.t.Logf("%5.1f s: nothing fires", time.Since(began).Seconds())
	p.allowed = map[string]bool{}
}

// answersDashboards puts every query of every dashboard. Each must have a result, but for those
// that name one of the metrics that are absent here: within a while, since a queue is empty at times.
func (p *prometheus) answersDashboards(absent ...string) {
	p.site.t.Helper()
	var unanswered []string
	asked := 0
	files, err := filepath.Glob(filepath.Join(p.dir, "grafana", "dashboards", "*.json"))
	require.NoError(p.site.t, err)
	for _, file := range files {
		for _, query := range queriesIn(p.site.t, file) {
			asked++
			isAbsent := slices.ContainsFunc(absent, func(metric string) bool { return strings.Contains(query, metric) })
			if !p.hasResult(query) && !isAbsent {
				unanswered = append(unanswered, query)
			}
		}
	}
	p.site.t.Logf("%d queries of dashboards", asked)
	require.Greater(p.site.t, asked, 80)
	for _, query := range unanswered {
		require.Eventually(p.site.t, func() bool { return p.hasResult(query) }, patience, 200*time.Millisecond, query)
	}
}

// hasResult reports whether a query has a result now. It must be one that Prometheus understands.
func (p *prometheus) hasResult(query string) bool {
	p.site.t.Helper()
	var found result
	asked := url.Values{"query": {strings.ReplaceAll(query, "$__rate_interval", "1m")}}
	require.True(p.site.t, p.get("/api/v1/query", asked, &found), query)
	return len(found.Result) > 0
}

// queriesIn reads the queries of a dashboard.
func queriesIn(t *testing.T, file string) (queries []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var board struct {
		Panels []struct {
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(text, &board))
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, target.Expr)
		}
	}
	require.NotEmpty(t, queries, file)
	return queries
}

func TestAPrometheusThatIsAwayIsNotQuiet(t *testing.T) {
	t.Parallel()
	p := &prometheus{site: &site{t: t}, address: freeAddress(t)}
	require.False(t, p.isQuiet())
}
