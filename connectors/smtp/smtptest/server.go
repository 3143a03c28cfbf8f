package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Options configure a server; the zero value accepts mail from everybody, with
// STARTTLS.
type Options struct {
	Implicit bool              // TLS from the first byte
	NoTLS    bool              // no STARTTLS either
	UTF8     bool              // offers SMTPUTF8
	Users    map[string]string // passwords by user; nil: nobody signs in. Otherwise MAIL requires a sign-in
	Now      func() time.Time  // of the ledger; nil: time.Now
}

// Server is a simulated relay. It may be used by many goroutines.
type Server struct {
	*simulate.Faults // by stage: DroppedBefore, DroppedAfter, Error, ErrorAfter, latency; Text is the text of an error

	book        *simulate.Ledger[Message]
	options     Options
	certificate tls.Certificate
	roots       *x509.CertPool
	address     *net.TCPAddr
	done        chan struct{} // closed by Close
	running     sync.WaitGroup

	mu            sync.Mutex
	listener      net.Listener // nil: down
	open          map[net.Conn]struct{}
	conversations int
}

// New listens on a free port of 127.0.0.1.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		Faults: simulate.NewFaults(own()), book: simulate.NewLedger[Message](0), options: o,
		done: make(chan struct{}), open: make(map[net.Conn]struct{}), address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)},
	}
	var err error
	if s.certificate, s.roots, err = certificate(); err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return s, s.Up()
}

// Host returns the address that it listens on.
func (s *Server) Host() string { return s.address.IP.String() }

// Port returns the port that it listens on, which Down and Up do not change.
func (s *Server) Port() int { return s.address.Port }

// Roots returns a pool with its certificate, for 127.0.0.1 and localhost.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Up listens again after Down.
func (s *Server) Up() error {
	listener, err := net.ListenTCP("tcp", s.address)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = listener
	if bound, ok := listener.Addr().(*net.TCPAddr); ok && s.address.Port == 0 {
		s.address = bound
	}
	s.running.Go(func() { s.accept(listener) })
	return nil
}

// Down refuses every connection from now on.
func (s *Server) Down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		_ = s.listener.Close()
		s.listener = nil
	}
}

// Close ends every conversation and waits for their end.
func (s *Server) Close() {
	s.Down()
	close(s.done)
	s.mu.Lock()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func (s *Server) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = struct{}{}
		s.conversations++
		s.mu.Unlock()
		s.running.Go(func() {
			s.serve(conn)
			_ = conn.Close()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.open, conn)
		})
	}
}
