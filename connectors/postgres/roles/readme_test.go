package roles_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

var update = flag.Bool("update", false, "write the table of rights into the README")

// The README has the table of rights as the code has it.
func TestTheReadmeHasTheRights(t *testing.T) {
	t.Parallel()
	const (
		file  = "../../../README.md"
		begin = "<!-- rights: written by go test ./connectors/postgres/roles -update -->\n"
		end   = "<!-- end of rights -->"
	)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(content), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + rightsTable() + end + after
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	require.Equal(t, want, string(content), "run: go test ./connectors/postgres/roles -run Readme -update")
}

// rightsTable joins tables with the same rights in one row.
func rightsTable() string {
	var order []roles.Right
	names := make(map[roles.Right][]string)
	for _, r := range roles.Rights() {
		same := r
		same.Table = ""
		if names[same] == nil {
			order = append(order, same)
		}
		names[same] = append(names[same], "`"+r.Table+"`")
	}
	var text strings.Builder
	text.WriteString("| table | daemon | editor | reader |\n|---|---|---|---|\n")
	for _, r := range order {
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", strings.Join(names[r], ", "), cell(r.Daemon), cell(r.Editor), cell(r.Reader))
	}
	return text.String()
}

func cell(right string) string {
	if right == "" {
		return "–"
	}
	return right
}
