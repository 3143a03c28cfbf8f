package admin

import (
	"context"
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
	idleTimeout   = time.Minute
	stopTimeout   = 5 * time.Second
	maxHeader     = 16 << 10
)

// Options say where to listen.
type Options struct {
	// Address is host:port; port 0 takes a free one.
	Address string
	// Anywhere allows an address that other machines can reach. What is served
	// asks nobody who they are.
	Anywhere bool
	Log      *slog.Logger
}

// Server is an address that is listened on.
type Server struct {
	listener net.Listener
	http     *http.Server
	log      *slog.Logger
}

// Listen takes the address; Serve must follow. It refuses an address that is
// not loopback unless that is allowed.
func Listen(ctx context.Context, o Options, handler http.Handler) (*Server, error) {
	address, err := net.ResolveTCPAddr("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", o.Address, err)
	}
	if !o.Anywhere && !address.IP.IsLoopback() {
		return nil, fmt.Errorf("address %q: other machines can reach it, and nobody is asked who they are; "+
			"give a loopback one like 127.0.0.1:9090, or allow it on purpose", o.Address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address.String()) // what was checked, not looked up again
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", o.Address, err)
	}
	return &Server{listener: listener, log: o.Log, http: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}}, nil
}

// Address is where it listens, host:port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers until ctx ends; then it finishes what it is answering, within a
// few seconds, and returns nil. Those who take longer are cut: a slow reader is
// no reason to stop badly.
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
		s.log.WarnContext(ctx, "callers were cut", slog.String("address", s.Address()))
		return s.http.Close()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("stopping on %s: %w", s.Address(), err), s.http.Close())
	}
	return nil
}
