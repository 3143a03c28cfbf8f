package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesAreWrittenInOrderAndToTheLast(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newLines(&out)
	var want strings.Builder
	for n := range 1000 {
		line := fmt.Appendf(nil, "line %d\n", n)
		_, err := l.Write(line)
		require.NoError(t, err)
		_, _ = want.Write(line)
		copy(line, "gone") // the writer's buffer is its own again
	}
	require.NoError(t, l.Close())
	require.Equal(t, want.String(), out.String())
	require.NoError(t, l.Close())
	_, err := l.Write([]byte("afterwards\n"))
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(out.String(), "\nafterwards\n"))
}

func TestNobodyWaitsForALogThatIsNotRead(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	l := newLines(writer)
	const lines = linesAhead + 500
	for n := range lines {
		_, err := fmt.Fprintf(l, "line %d\n", n)
		require.NoError(t, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Close() }()
	require.NoError(t, <-ended, "nor when the daemon stops")
	read, lost := 0, 0
	for decoder := io.Reader(reader); ; {
		line := make([]byte, 200)
		n, err := decoder.Read(line)
		require.NoError(t, err)
		var said struct {
			Lines int `json:"lines"`
		}
		if json.Unmarshal(line[:n], &said) == nil {
			lost += said.Lines
		} else {
			read++
		}
		if read+lost == lines {
			break
		}
	}
	require.Positive(t, lost, "and how many were lost is said")
	require.GreaterOrEqual(t, read, linesAhead)
}
