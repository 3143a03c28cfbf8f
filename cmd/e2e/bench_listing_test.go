package e2e

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
)

// reportBenched is the report of the listings.
const reportBenched = "edispensary"

// generate writes a made-up listing in today's layout.
func (x *bench) generate() (path string) {
	x.Helper()
	path = filepath.Join(x.dir, "listing.csv")
	file, err := os.Create(path)
	require.NoError(x, err)
	require.NoError(x, odstest.WriteListing(file, reportBenched, x.size, 7))
	require.NoError(x, file.Close())
	return path
}

// change writes the listing with changed facts in 1 % of its rows, all of
// active organisations and spread over the file: a new name and a new postcode.
// The nth change differs from earlier ones in exactly these rows.
func (x *bench) change(nth int) (path string) {
	x.Helper()
	from, err := os.Open(x.listing)
	require.NoError(x, err)
	defer from.Close()
	path = filepath.Join(x.dir, fmt.Sprintf("changed-%d.csv", nth))
	to, err := os.Create(path)
	require.NoError(x, err)
	out, lines, left, active := bufio.NewWriter(to), bufio.NewScanner(from), x.size/100, 0
	for lines.Scan() {
		line := lines.Text()
		if strings.Contains(line, `,"ACTIVE",`) && left > 0 {
			if active++; active%50 == 0 {
				line, left = x.rewrite(line, nth), left-1
			}
		}
		_, _ = fmt.Fprintf(out, "%s\r\n", line) // Flush returns the error
	}
	require.NoError(x, lines.Err())
	require.Zero(x, left)
	require.NoError(x, out.Flush())
	require.NoError(x, to.Close())
	return path
}

// The columns that change, from 0 (connectors/ods/CONTRACT.md "Columns").
const (
	nameColumn     = 1
	postcodeColumn = 9
)

func (x *bench) rewrite(line string, nth int) string {
	x.Helper()
	row, err := csv.NewReader(strings.NewReader(line)).Read()
	require.NoError(x, err)
	row[nameColumn] += fmt.Sprintf(" BRANCH %d", nth+1)
	row[postcodeColumn] = fmt.Sprintf("ZZ%d 9ZZ", nth+1)
	for i, value := range row {
		row[i] = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	return strings.Join(row, ",")
}
