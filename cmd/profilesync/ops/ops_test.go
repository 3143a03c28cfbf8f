package ops_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/ops"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var update = flag.Bool("update", false, "write written/")

// TestWhatIsWritten compares all files but the runbook with those under written/.
func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	files, err := ops.Files(ops.DefaultParameters())
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(f ops.File) bool { return strings.HasPrefix(f.Name, "runbook/") })
	if *update {
		require.NoError(t, os.RemoveAll("written"))
		require.NoError(t, ops.Write("written", files))
	}
	var names []string
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join("written", filepath.FromSlash(f.Name)))
		require.NoError(t, err)
		require.Equal(t, string(have), string(f.Text), "%s: run go test ./cmd/profilesync/ops -update", f.Name)
		names = append(names, f.Name)
	}
	require.Equal(t, names, filesBelow(t, "written"))
}

func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(dir, name)
		names = append(names, filepath.ToSlash(below))
		return err
	}))
	slices.Sort(names)
	return names
}

// TestWriteReplacesAndOthersCanRead is not parallel: a process has one umask.
func TestWriteReplacesAndOthersCanRead(t *testing.T) { //nolint:paralleltest // see above
	before := syscall.Umask(0o027) // the one of examples/compose.yaml
	defer syscall.Umask(before)
	own := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.Mkdir(own, 0o700))
	dir := filepath.Join(own, "deep", "ops")
	files := []ops.File{{Name: "a/b.yml", Text: []byte("one")}}
	require.NoError(t, ops.Write(dir, files))
	files[0].Text = []byte("2")
	require.NoError(t, ops.Write(dir, files))
	text, err := os.ReadFile(filepath.Join(dir, "a", "b.yml"))
	require.NoError(t, err)
	require.Equal(t, "2", string(text))
	for name, want := range map[string]os.FileMode{
		"a/b.yml": 0o644, "a": 0o755, ".": 0o755, "..": 0o755, "../..": 0o700, // the last is somebody's own
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), name)
	}
}

// board1 is a board in Grafana's first schema, which is the one that we write.
type board1 = dashboard.Dashboard //nolint:staticcheck // see Board.JSON

// TestDashboardsKeepGrafanasSchema decodes each strictly, as the SDK has it.
func TestDashboardsKeepGrafanasSchema(t *testing.T) {
	t.Parallel()
	plugins.RegisterDefaultPlugins()
	for _, board := range ops.Boards() {
		text, err := board.JSON()
		require.NoError(t, err)
		// Its answer is a list of errors that is never nil, for which it also forgets the panels.
		require.Empty(t, new(board1).UnmarshalJSONStrict(text), board.Name) //nolint:testifylint // see above
		var decoded board1
		require.NoError(t, json.Unmarshal(text, &decoded))
		require.Empty(t, decoded.Validate(), board.Name) //nolint:testifylint // a list
		requirePlaced(t, board, decoded)
		again, err := json.Marshal(decoded)
		require.NoError(t, err)
		require.JSONEq(t, string(text), string(again), board.Name)
	}
}

// requirePlaced wants all panels of the board, within the grid, none on top of another.
func requirePlaced(t *testing.T, board ops.Board, decoded board1) {
	t.Helper()
	taken := map[[2]uint32]string{}
	panels := 0
	for _, p := range decoded.Panels {
		if p.Panel == nil {
			continue
		}
		panels++
		at := p.Panel.GridPos
		require.LessOrEqual(t, at.X+at.W, uint32(24), "%s: %s", board.Name, *p.Panel.Title)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				require.Empty(t, taken[[2]uint32{x, y}], "%s: %s stands on another", board.Name, *p.Panel.Title)
				taken[[2]uint32{x, y}] = *p.Panel.Title
			}
		}
	}
	want := 0
	for _, row := range board.Rows {
		want += len(row.Panels)
	}
	require.Equal(t, want, panels, board.Name)
}

// notShown are metrics that no dashboard shows, with the reason.
var notShown = map[string]string{}

var metricName = regexp.MustCompile(`\b(?:profilesync|go|process)_[a-z_]+\b|\bup\b|\bALERTS\b`)

// TestEveryMetricIsShownAndEveryQueryKnown: queries of dashboards and alerts name metrics
// that exist, with labels that they have.
func TestEveryMetricIsShownAndEveryQueryKnown(t *testing.T) {
	t.Parallel()
	labels := map[string][]string{
		"up": nil, "ALERTS": {"alertname", "alertstate", "severity"},
		"go_goroutines": nil, "process_resident_memory_bytes": nil, "process_cpu_seconds_total": nil,
	}
	for _, d := range admin.Declared() {
		if d.Form == "histogram" {
			labels[d.Name+"_bucket"] = append(slices.Clone(d.Labels), "le")
			continue
		}
		labels[d.Name] = d.Labels
	}
	shown := map[string]bool{}
	known := func(where, expr string) {
		for _, name := range metricName.FindAllString(expr, -1) {
			have, ok := labels[name]
			require.True(t, ok, "%s names %s, which does not exist", where, name)
			shown[strings.TrimSuffix(name, "_bucket")] = true
			for _, used := range labelsUsed(expr, name) {
				require.Contains(t, append([]string{"instance", "job"}, have...), used, "%s: %s has no such label", where, name)
			}
		}
	}
	for _, board := range ops.Boards() {
		for _, row := range board.Rows {
			for _, panel := range row.Panels {
				for _, query := range panel.Queries {
					known(board.Name+", "+panel.Title, query.Expr)
				}
			}
		}
	}
	for _, d := range admin.Declared() {
		require.NotEqual(t, notShown[d.Name] != "", shown[d.Name], "%s: on a dashboard, or in notShown with the reason", d.Name)
	}
	for _, alert := range ops.Alerts() {
		known(alert.Name, alert.Expr)
	}
}

// labelsUsed are the labels that an expression selects a metric by.
func labelsUsed(expr, name string) (used []string) {
	for _, match := range regexp.MustCompile(regexp.QuoteMeta(name)+`\{([^}]*)\}`).FindAllStringSubmatch(expr, -1) {
		for _, selector := range regexp.MustCompile(`(\w+)(?:=~|!=|!~|=)"`).FindAllStringSubmatch(match[1], -1) {
			used = append(used, selector[1])
		}
	}
	return used
}

// What an older version wrote goes; what people put beside it stays.
func TestWriteRemovesWhatAnOlderVersionWrote(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := written(t)
	require.NoError(t, ops.Write(dir, files))
	board, err := ops.Boards()[0].JSON()
	require.NoError(t, err)
	const ours, gone = "runbook/our-telephones" + ".md", "runbook/gone-alert" + ".md" // in no folder of the tree
	for name, text := range map[string]string{
		"grafana/dashboards/profilesync-old.json": string(board),
		"grafana/dashboards/profilesync-own.json": `{"uid": "mine"}`,
		"grafana/dashboards/other.json":           string(board),
		gone:                                      "# GoneAlert\n\n**What it means.** Something.\n",
		ours:                                      "# Whom we call\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600))
	}
	require.NoError(t, ops.Write(dir, files))
	want := []string{"grafana/dashboards/other.json", "grafana/dashboards/profilesync-own.json", ours}
	for _, f := range files {
		want = append(want, f.Name)
	}
	slices.Sort(want)
	require.Equal(t, want, filesBelow(t, dir))
}
