package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"help":       {[]string{"--help"}, exitDone, "Plays every outside system"},
		"no command": {nil, exitUsage, "simulator --help"},
		"no program": {[]string{"demo"}, exitUsage, "--profilesync"},
		"small":      {[]string{"serve", "--size", "10", "--listen", "127.0.0.1:0"}, exitFailed, "--size 10: want at least 1000"},
		"bad day":    {[]string{"serve", "--day", "soon"}, exitUsage, "soon"},
		"bad place":  {[]string{"serve", "--size", "1000", "--listen", "127.0.0.1:99999"}, exitFailed, "serving the simulated systems"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, test.code, run(t.Context(), test.args, &stdout, &stderr))
			require.Contains(t, stdout.String()+stderr.String(), test.want)
		})
	}
}

func TestServeSaysWhereItIs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	output, stdout := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--size", "1000", "--listen", "127.0.0.1:0"}, stdout, io.Discard)
		_ = stdout.Close()
	}()
	addresses := map[string]string{}
	for shown := bufio.NewScanner(output); shown.Scan(); {
		if words := strings.Fields(shown.Text()); len(words) > 1 {
			addresses[words[0]] = words[len(words)-1]
		}
		if strings.Contains(shown.Text(), outside.RecodePath) {
			break // the last line
		}
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	for _, address := range []string{
		addresses["downloads"] + outside.DayPath, addresses["FHIR"] + "/_status", addresses["profiles"] + "/ledger/summary",
		addresses["EBSX05"],
	} {
		response, err := http.Get(address)
		require.NoError(t, err)
		_ = response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode, address)
	}
	cancel()
	require.Equal(t, exitDone, <-ended)
}
