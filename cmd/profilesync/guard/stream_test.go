package guard_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// What a handler sends bit by bit arrives bit by bit, and for longer than the server gives
// other answers.
func TestAStreamIsNotHeldBack(t *testing.T) {
	t.Parallel()
	g, err := guard.New(guard.Options{Counted: func(guard.Result) {}, Now: time.Now})
	require.NoError(t, err)
	goOn := make(chan struct{})
	server := httptest.NewUnstartedServer(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n := range 3 {
			if err := guard.AllowTime(r.Context(), time.Minute); err != nil {
				t.Error(err)
			}
			_, _ = fmt.Fprintln(w, n)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-goOn
		}
	})))
	server.Config.WriteTimeout = time.Nanosecond
	server.Start()
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, strings.NewReader(""))
	require.NoError(t, err)
	answer, err := server.Client().Do(request)
	require.NoError(t, err)
	lines := bufio.NewReader(answer.Body)
	for n := range 3 {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintln(n), line)
		goOn <- struct{}{}
	}
	_, err = lines.ReadString('\n')
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, answer.Body.Close())
}
