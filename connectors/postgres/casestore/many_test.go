package casestore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A sink that refuses a whole estate opens a case each, and ends all at once when it takes
// them again: the audit of that many costs no more for each than the audit of few.
func TestManyCasesEndAsFastAsTheyOpen(t *testing.T) {
	t.Parallel()
	const many = 6000
	w := newWorld(t)
	w.Exec(`insert into profile (code, name, type, icb)
		select 'X' || lpad(n::text, 6, '0'), 'N' || n, 'pharmacy', 'QAA' from generate_series(1, $1::integer) n`, many)
	w.Exec("insert into push (code, sink, route, state, reason) select code, 'dos', 'change-event', 'refused', 'bad' from profile")
	began := time.Now()
	require.Len(t, w.looks().Open, many)
	opened := time.Since(began)
	w.Exec("update push set state = 'accepted'")
	began = time.Now()
	require.Len(t, w.looks().End, many)
	require.Less(t, time.Since(began), 10*opened+time.Second, "opening took %s", opened)
}
