package admin

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOtherMachinesAreListenedToByTLSAlone(t *testing.T) {
	t.Parallel()
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	log := slog.New(slog.DiscardHandler)
	_, err := Listen(t.Context(), Options{Address: "0.0.0.0:0", Log: log}, nil)
	require.ErrorContains(t, err, "other machines can reach it")
	server, err := Listen(t.Context(), Options{
		Address: "0.0.0.0:0", Hosts: []string{"example.com"}, Log: log,
		TLS: &tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	_, port, err := net.SplitHostPort(server.Address())
	require.NoError(t, err)
	get := func(address, host string) (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		request.Host = host
		return lender.Client().Do(request)
	}
	for host, want := range map[string]int{
		"example.com": http.StatusOK, "localhost": http.StatusOK, "evil.example": http.StatusMisdirectedRequest,
	} {
		answer, err := get("https://127.0.0.1:"+port, host)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, answer.StatusCode)
		if want == http.StatusOK {
			require.Equal(t, "HTTP/1.1", string(body))
		}
	}
	answer, err := get("http://127.0.0.1:"+port, "localhost")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusBadRequest, answer.StatusCode, "without TLS")
	cancel()
	require.NoError(t, <-served)
}
