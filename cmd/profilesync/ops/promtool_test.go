package ops_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/promtest"
	"github.com/profilesync/profilesync/cmd/profilesync/ops"
)

// world is what Prometheus has scraped: the values of each series, one a minute, as
// promtool writes them.
type world map[string]string

// healthy is a world in which nothing is wrong, for hours: with things that look like
// trouble and are none.
var healthy = world{
	`profilesync_build_info{instance="a",job="profilesync",version="v1",go="go1"}`:          "1x300",
	`up{instance="a",job="profilesync"}`:                                                    "1x300",
	`profilesync_live_daemons`:                                                              "2x300",
	`profilesync_lost_processes`:                                                            "0x300",
	`profilesync_watch_failures_total{instance="a"}`:                                        "3x300", // of yesterday
	`profilesync_progress_age_seconds{activity="dispatch"}`:                                 "4x300",
	`profilesync_progress_age_seconds{activity="cases"}`:                                    "59x300",
	`profilesync_schedule_age_seconds{schedule="report"}`:                                   "87000x300", // the clocks changed
	`profilesync_schedule_interval_seconds{schedule="report"}`:                              "86400x300",
	`profilesync_schedule_age_seconds{schedule="of another version"}`:                       "9999999x300",
	`profilesync_schedule_age_seconds{schedule="send_mail"}`:                                "11000x300",
	`profilesync_schedule_interval_seconds{schedule="send_mail"}`:                           "11100x300",
	`profilesync_drift_check_age_seconds{sink="dos",state="done"}`:                          "90000x300",
	`profilesync_quality_check_age_seconds{state="done"}`:                                   "90000x300",
	`profilesync_abandoned_oldest_seconds`:                                                  "3x300", // one is just being recovered
	`profilesync_queue_oldest_seconds{queue="runs"}`:                                        "1800x300",
	`profilesync_jobs_total{instance="a",kind="report",outcome="discarded"}`:                "_x130 1x170", // Prometheus was away
	`profilesync_jobs_total{instance="a",kind="reconcile",outcome="discarded"}`:             "0x300",
	`profilesync_jobs_total{instance="a",kind="push_dos",outcome="failed"}`:                 "0+5x300",
	`profilesync_push_oldest_seconds{sink="dos",route="fhir",state="wanted"}`:               "600x300",
	`profilesync_push_oldest_seconds{sink="dos",route="change-event",state="wanted"}`:       "600x300",
	`profilesync_push_oldest_seconds{sink="dos",route="fhir",state="held"}`:                 "999999x300",
	`profilesync_push_due_seconds{sink="dos",route="fhir"}`:                                 "3000x300", // a backlog that is worked
	`profilesync_push_tried_seconds{sink="dos",route="fhir"}`:                               "1x300",
	`profilesync_push_due_seconds{sink="website",route="profile"}`:                          "1x300", // after a quiet night
	`profilesync_push_tried_seconds{sink="website",route="profile"}`:                        "600x300",
	`profilesync_pushes_left_behind_total{instance="a"}`:                                    "0x300",
	`profilesync_sink_paused_seconds{sink="website",route="profile",reason="down"}`:         "0+30x10 _x30 0+30x10 _x240", // twice, shortly
	`profilesync_breaker_opened_total{instance="a",system="e-RS"}`:                          "4x100 _x40 4x160",           // likewise
	`profilesync_breaker_opened_total{instance="a",system="ODS API"}`:                       "0x300",
	`profilesync_pull_age_seconds{source="ods",report="etr"}`:                               "90000x300",
	`profilesync_listing_age_seconds{source="ods",report="etr"}`:                            "9999999x300", // nothing new for months
	`profilesync_refused_runs{source="ods",report="etr"}`:                                   "0x300",
	`profilesync_withheld_rows{source="ods",report="etr",reason="mass-change"}`:             "55x300",
	`profilesync_late_withheld_rows{source="ods",report="etr",reason="mass-change"}`:        "0x300",
	`profilesync_overdue_cases{kind="renamed"}`:                                             "0x300",
	`profilesync_calendar_age_seconds`:                                                      "90000x300",
	`profilesync_disk_bytes{instance="a",place="temporary",state="free"}`:                   "20x300",
	`profilesync_disk_bytes{instance="a",place="temporary",state="total"}`:                  "100x300",
	`profilesync_database_bytes`:                                                            "9000000000x300",
	`profilesync_database_connections{state="used"}`:                                        "70x300",
	`profilesync_database_connections{state="allowed"}`:                                     "97x300",
	`profilesync_pool_connections{instance="a",job="profilesync",pool="main",state="idle"}`: "4x300",
}

// outage is a story in which exactly one alert fires. It begins two hours into the world.
type outage struct {
	world   world    // instead of or besides the healthy one
	fires   string   // a time at which it fires
	quiet   []string // times before and after it at which nothing fires
	labels  map[string]string
	summary string
}

// labels makes a map of pairs.
func labels(pairs ...string) map[string]string {
	all := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		all[pair[0]] = pair[1]
	}
	return all
}

// TestEachAlertFiresAndResolves has promtool play each outage: exactly the promised alert
// fires, it is quiet just before, and again afterwards.
func TestEachAlertFiresAndResolves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, err := ops.Rules(ops.DefaultParameters())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yml"), rules, 0o600))
	promtool := promtest.Program(t, "promtool")

	checked, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint-fatal", filepath.Join(dir, "rules.yml")).
		CombinedOutput()
	require.NoError(t, err, "%s", checked)
	require.NoError(t, ops.Write(dir, written(t)))
	checked, err = exec.CommandContext(t.Context(), promtool, "check", "config", filepath.Join(dir, "prometheus", "prometheus.yml")).
		CombinedOutput()
	require.NoError(t, err, "%s", checked)

	stories := outages()
	told := map[string]bool{}
	for story := range stories {
		told[alertOf(story)] = true
	}
	require.Equal(t, names(), slices.Sorted(maps.Keys(told)), "an outage for each alert")
	tests := []any{promtoolTest("healthy", outage{quiet: []string{"2h", "135m", "145m", "3h", "4h"}}, "")}
	for name, o := range stories {
		tests = append(tests, promtoolTest(name, o, alertOf(name)))
	}
	// JSON is YAML.
	text, err := json.Marshal(map[string]any{"rule_files": []string{"rules.yml"}, "evaluation_interval": "1m", "tests": tests})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tests.yml"), text, 0o600))
	played, err := exec.CommandContext(t.Context(), promtool, "test", "rules", filepath.Join(dir, "tests.yml")).CombinedOutput()
	require.NoError(t, err, "%s", played)
}

// TestFiguresKnowNothingThatWasNotRead: while no daemon reads the database, no figure shows a 0 that looks like an all-clear.
func TestFiguresKnowNothingThatWasNotRead(t *testing.T) {
	t.Parallel()
	var tests []any
	for _, world := range []struct {
		name, daemons string
		samples       []any
	}{{"unread", "_x10", []any{}}, {"read, with nothing in it", "2x10", []any{map[string]any{"labels": "{}", "value": 0}}}} {
		var asked []any
		for _, board := range ops.Boards() {
			for _, row := range board.Rows {
				for _, panel := range row.Panels {
					for _, query := range panel.Queries {
						if panel.Kind == ops.Figure && (world.name == "unread" || strings.Contains(query.Expr, " or ")) {
							asked = append(asked, map[string]any{"expr": query.Expr, "eval_time": "5m", "exp_samples": world.samples})
						}
					}
				}
			}
		}
		require.Greater(t, len(asked), 8, world.name)
		tests = append(tests, map[string]any{
			"name": world.name, "interval": "1m", "promql_expr_test": asked, "input_series": []map[string]string{
				{"series": `profilesync_build_info{instance="a",job="profilesync",version="v1",go="go1"}`, "values": "1x10"},
				{"series": `profilesync_live_daemons{instance="a",job="profilesync"}`, "values": world.daemons},
			},
		})
	}
	text, err := json.Marshal(map[string]any{"evaluation_interval": "1m", "tests": tests})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "figures.yml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	played, err := exec.CommandContext(t.Context(), promtest.Program(t, "promtool"), "test", "rules", file).CombinedOutput()
	require.NoError(t, err, "%s", played)
}

// alertOf is the alert of a story, which may say more behind a comma.
func alertOf(story string) string {
	alert, _, _ := strings.Cut(story, ",")
	return alert
}

// written are all files, for two daemons.
func written(t *testing.T) []ops.File {
	t.Helper()
	p := ops.DefaultParameters()
	p.Daemons = []string{"a.example.nhs.uk:443", "b.example.nhs.uk:443"}
	files, err := ops.Files(p)
	require.NoError(t, err)
	return files
}

// names are those of all alerts, sorted.
func names() (all []string) {
	for _, a := range ops.Alerts() {
		all = append(all, a.Name)
	}
	return slices.Sorted(slices.Values(all))
}

// promtoolTest is a test of promtool's: at each of its times, the alert fires or not, and
// no other one does.
func promtoolTest(name string, o outage, fires string) any {
	all := maps.Clone(healthy)
	maps.Copy(all, o.world)
	var series []map[string]string
	for _, one := range slices.Sorted(maps.Keys(all)) {
		series = append(series, map[string]string{"series": one, "values": all[one]})
	}
	var expected []any
	at := func(time, firing string) {
		for _, a := range ops.Alerts() {
			alerts := []any{}
			if a.Name == firing {
				labels := maps.Clone(o.labels)
				if labels == nil {
					labels = map[string]string{}
				}
				labels["severity"] = string(a.Severity)
				alerts = append(alerts, map[string]any{"exp_labels": labels, "exp_annotations": map[string]string{
					"summary": o.summary, "description": a.Means, "runbook_url": "runbook/" + a.Page(),
				}})
			}
			expected = append(expected, map[string]any{"eval_time": time, "alertname": a.Name, "exp_alerts": alerts})
		}
	}
	for _, time := range o.quiet {
		at(time, "")
	}
	if fires != "" {
		at(o.fires, fires)
	}
	return map[string]any{"name": name, "interval": "1m", "input_series": series, "alert_rule_test": expected}
}

// TestTheScaleDividesDurations: so that an outage can be staged in seconds.
func TestTheScaleDividesDurations(t *testing.T) {
	t.Parallel()
	p := ops.DefaultParameters()
	p.Scale, p.DatabaseGiB, p.Disk, p.Runbook = 120, 2, 0.25, "https://example.nhs.uk/runbook"
	text, err := ops.Rules(p)
	require.NoError(t, err)
	rules := string(text)
	for _, want := range []string{
		`for: 500ms`, `profilesync_push_oldest_seconds{state="wanted"}) > 15` + "\n", `progress_age_seconds) > 180`,
		`profilesync_breaker_opened_total[40s]`, `> 0.8 * 2147483648`, `) < 0.25`,
		`runbook_url: "https://example.nhs.uk/runbook/no-daemon.`,
	} {
		require.Contains(t, rules, want)
	}
	require.NotRegexp(t, `<\w+>`, strings.ReplaceAll(rules, "<=", ""), "every placeholder is filled in")
}

func TestWrongParametersAreAllNamed(t *testing.T) {
	t.Parallel()
	_, err := ops.Rules(ops.Parameters{Disk: 10, Connections: -1})
	require.EqualError(t, err, "--disk 10: want a part, from 0 to 1\n--connections -1: want a part, from 0 to 1\n"+
		"--database-gib 0: want more than 0\n--scale 0: want at least 1")
}
