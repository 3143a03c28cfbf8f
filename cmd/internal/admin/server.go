package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 20 * time.Second
	stopTimeout   = 5 * time.Second
	maxHeader     = 16 << 10
	// maxConnections is far more than scrapers, probes and the readers of reports
	// need. Further callers take the places of those that are idle (crowd).
	maxConnections = 256
)

// Options say where to listen.
type Options struct {
	// Address is host:port, of this machine only unless there is TLS or Open; port 0 takes
	// a free one.
	Address string
	// Open says that other machines are meant to reach it without TLS.
	Open bool
	// TLS encrypts all connections, by HTTP/1.1; nil for none.
	TLS *tls.Config
	// Hosts are the names under which people reach it, besides those of this
	// machine (onlyHosts).
	Hosts []string
	Log   *slog.Logger
}

// Server is a listening HTTP server.
type Server struct {
	listener net.Listener
	http     *http.Server
	log      *slog.Logger
}

// Listen starts listening; Serve must follow. It refuses an address that is not
// loopback, unless there is TLS or other machines are meant to reach it.
func Listen(ctx context.Context, o Options, handler http.Handler) (*Server, error) {
	address, err := net.ResolveTCPAddr("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", o.Address, err)
	}
	if !address.IP.IsLoopback() && o.TLS == nil && !o.Open {
		return nil, fmt.Errorf("address %q: other machines can reach it, and health and metrics are open to everybody; "+
			"use a loopback address like 127.0.0.1:8383, and a proxy for other machines", o.Address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address.String()) // the address that was checked, not resolved again
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", o.Address, err)
	}
	limited := newCrowd(listener, maxConnections)
	served := net.Listener(limited)
	if o.TLS != nil {
		served = tls.NewListener(limited, o.TLS)
	}
	return &Server{listener: served, log: o.Log, http: &http.Server{
		Handler:           limited.occupied(onlyHosts(o.Hosts, handler)),
		ConnContext:       limited.remember,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// Else the server itself would answer OPTIONS *, under any name.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}}, nil
}

// Address is the address it listens on, host:port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers until ctx ends; then it finishes requests in progress, within a
// few seconds, and returns nil. Slower callers are disconnected, which is not
// an error.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", s.Address(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := s.http.Shutdown(stopping)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.WarnContext(ctx, "slow callers were disconnected", slog.String("address", s.Address()))
		return s.http.Close()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("stopping on %s: %w", s.Address(), err), s.http.Close())
	}
	return nil
}
