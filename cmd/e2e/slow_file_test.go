package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// However slowly commands receive a file, no transaction waits for the rest of
// it.
func TestASlowFileHoldsNoTransaction(t *testing.T) {
	t.Parallel()
	listing, err := os.ReadFile(madeUp(t, "edispensary", 3000))
	require.NoError(t, err)
	var extract strings.Builder
	extract.WriteString("a,b\n")
	for n := range 30_000 {
		_, _ = fmt.Fprintf(&extract, "%d,R6901\n", n+1)
	}
	asOf := []string{"--as-of", madeUpDay}
	for name, c := range map[string]struct {
		args []string
		text string
		more []string
		then string
		want int
	}{
		"a listing": {[]string{"reconcile", "--wait", "--files"}, string(listing), asOf, "select count(*) from run where state = 'done'", 1},
		"a preview": {[]string{"plan", "--files"}, string(listing), asOf, "select count(*) from run", 0},
		"e-RS":      {[]string{"ers", "register", "import"}, extract.String(), nil, "select count(*) from ers_service", 30_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Greater(t, len(c.text), 200<<10, "more than a pipe holds")
			s := newSite(t).with("ERS_COLUMNS=" + twoColumns)
			path := filepath.Join(s.dir, "edispensary_"+madeUpDay+".csv")
			require.NoError(t, syscall.Mkfifo(path, 0o600))
			command := s.start(t.Context(), append(append(c.args, path), c.more...)...)
			pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // returns once it is opened for reading
			require.NoError(t, err)
			_, err = pipe.WriteString(c.text[:150<<10])
			require.NoError(t, err, "it is being read")
			s.eventually(0, countBusyConnections)
			_, err = pipe.WriteString(c.text[150<<10:])
			require.NoError(t, err)
			require.NoError(t, pipe.Close())
			o := command.wait(t)
			require.Zero(t, o.code, o.err)
			require.Equal(t, c.want, s.count(c.then))
		})
	}
}
