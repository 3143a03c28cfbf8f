package program

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesArePassedOnWhole(t *testing.T) {
	t.Parallel()
	var got []string
	l := &lineWriter{onLine: func(line string) { got = append(got, line) }}
	for _, part := range []string{"pull", "ing ...\ncompa", "ring ...\n", "a\nb\nc\nd\nlast words"} {
		_, err := l.Write([]byte(part))
		require.NoError(t, err)
	}
	require.Equal(t, []string{"pulling ...", "comparing ...", "a", "b", "c", "d"}, got)
	require.EqualError(t, l.last(), "comparing ...\na\nb\nc\nd\nlast words")
}
