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
		copy(line, "gone") // the caller may reuse its buffer
	}
	require.NoError(t, l.Close())
	require.Equal(t, want.String(), out.String())
	require.NoError(t, l.Close())
	_, err := l.Write([]byte("afterwards\n"))
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(out.String(), "\nafterwards\n"))
}

func TestALogThatIsNotReadBlocksNobody(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	l := newLines(writer)
	const lines = maxBuffered + 500
	for n := range lines {
		_, err := fmt.Fprintf(l, "line %d\n", n)
		require.NoError(t, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Close() }()
	require.NoError(t, <-ended, "closing does not block either")
	read, lost := 0, 0
	for decoder := io.Reader(reader); ; {
		line := make([]byte, 200)
		n, err := decoder.Read(line)
		require.NoError(t, err)
		var warning struct {
			Lines int `json:"lines"`
		}
		if json.Unmarshal(line[:n], &warning) == nil {
			lost += warning.Lines
		} else {
			read++
		}
		if read+lost == lines {
			break
		}
	}
	require.Positive(t, lost, "the number of dropped lines is logged")
	require.GreaterOrEqual(t, read, maxBuffered)
}
