package pgproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// PoolerOptions say what kind of pooler to be.
type PoolerOptions struct {
	// InSessionMode gives a client a session of the server of its own; otherwise
	// each transaction gets one that is free.
	InSessionMode bool
	// Most is how many sessions there may be in session mode; the clients beyond wait,
	// once they were greeted. Zero is no limit.
	Most int
	// RoundRobin gives out the session that was not used for longest, not the last.
	RoundRobin bool
	// Ready is how many sessions are open from the start.
	Ready int
}

// pooler does what PgBouncer does, as far as a client can tell.
type pooler struct {
	PoolerOptions

	tb       testing.TB
	url      string
	listener net.Listener
	running  sync.WaitGroup
	places   chan struct{} // one for each session; nil without a limit

	mu   sync.Mutex
	free []*pgconn.HijackedConn
}

// NewPooler puts a connection pooler in front of a database, until the end of the
// test, and returns the address by way of it.
func NewPooler(tb testing.TB, databaseURL string, o PoolerOptions) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", loopback)
	if err != nil {
		tb.Fatal("pgproxy: ", err)
	}
	p := &pooler{PoolerOptions: o, tb: tb, url: databaseURL, listener: listener}
	if o.Most > 0 {
		p.places = make(chan struct{}, o.Most)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	for range o.Ready {
		server, err := p.dial(ctx, "")
		if err != nil {
			tb.Fatal("pgproxy: ", err)
		}
		p.release(server)
	}
	p.running.Go(func() { p.serve(ctx) })
	tb.Cleanup(func() {
		cancel()
		_ = listener.Close()
		p.running.Wait()
		for _, server := range p.free {
			_ = server.Conn.Close()
		}
	})
	address, err := through(databaseURL, listener.Addr().String())
	if err != nil {
		tb.Fatal("pgproxy: ", err)
	}
	return address
}

func (p *pooler) serve(ctx context.Context) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = client.Close() })
			defer stop()
			defer func() { _ = client.Close() }()
			_ = p.carry(ctx, pgproto3.NewBackend(client, client), client) // ends with either end
		})
	}
}

// accepted are the parameters that PgBouncer accepts where a session starts.
var accepted = []string{"user", "database", "application_name", "client_encoding", "datestyle", "timezone", "standard_conforming_strings"}

func (p *pooler) greet(client *pgproto3.Backend, conn net.Conn) (name string, err error) {
	message, err := client.ReceiveStartupMessage()
	if _, asks := message.(*pgproto3.SSLRequest); err == nil && asks {
		if _, err = conn.Write([]byte("N")); err == nil {
			message, err = client.ReceiveStartupMessage()
		}
	}
	startup, ok := message.(*pgproto3.StartupMessage)
	if err != nil || !ok {
		return "", errors.Join(err, errors.New("no startup"))
	}
	for parameter := range startup.Parameters {
		if !slices.Contains(accepted, parameter) {
			client.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: " + parameter})
			return "", errors.Join(client.Flush(), errors.New("refused"))
		}
	}
	client.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"} {
		client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	client.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	return startup.Parameters["application_name"], client.Flush()
}

// enter waits until there may be one more session.
func (p *pooler) enter(ctx context.Context) (leave func(), err error) {
	if p.places == nil {
		return func() {}, nil
	}
	select {
	case p.places <- struct{}{}:
		return func() { <-p.places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// carry forwards what a client says.
func (p *pooler) carry(ctx context.Context, client *pgproto3.Backend, conn net.Conn) error {
	name, err := p.greet(client, conn)
	if err != nil {
		return err
	}
	if p.InSessionMode {
		return p.carrySession(ctx, client, conn, name)
	}
	return p.carryTransactions(ctx, client)
}

// carrySession forwards what a client says to a session of its own.
func (p *pooler) carrySession(ctx context.Context, client *pgproto3.Backend, conn net.Conn, name string) error {
	leave, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	server, err := p.dial(ctx, name)
	if err != nil {
		return err
	}
	p.running.Go(func() {
		defer func() { _ = conn.Close() }()
		for {
			message, err := server.Frontend.Receive()
			if err != nil {
				return
			}
			if client.Send(message); client.Flush() != nil {
				return
			}
		}
	})
	defer func() { _ = server.Conn.Close() }()
	for {
		message, err := client.Receive()
		if err != nil {
			return err
		}
		server.Frontend.Send(message)
		if err := server.Frontend.Flush(); err != nil {
			return err
		}
	}
}

// carryTransactions forwards whole answers, so it knows no COPY.
func (p *pooler) carryTransactions(ctx context.Context, client *pgproto3.Backend) (err error) {
	var server *pgconn.HijackedConn
	defer func() {
		if server != nil {
			_ = server.Conn.Close()
		}
	}()
	for {
		message, err := client.Receive()
		if err != nil {
			return err
		}
		if _, ends := message.(*pgproto3.Terminate); ends {
			return nil
		}
		if server == nil {
			if server, err = p.take(ctx); err != nil {
				return err
			}
		}
		server.Frontend.Send(message)
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
		default:
			continue
		}
		status, err := p.answer(server, client)
		if err != nil {
			return err
		}
		if status == 'I' {
			p.release(server)
			server = nil
		}
	}
}

// answer forwards everything up to the end of an answer, and returns whether the
// session is in a transaction.
func (p *pooler) answer(server *pgconn.HijackedConn, client *pgproto3.Backend) (status byte, err error) {
	if err := server.Frontend.Flush(); err != nil {
		return 0, err
	}
	for {
		message, err := server.Frontend.Receive()
		if err != nil {
			return 0, err
		}
		client.Send(message)
		if ready, ends := message.(*pgproto3.ReadyForQuery); ends {
			status := ready.TxStatus // Flush may reuse the message
			return status, client.Flush()
		}
		if err := client.Flush(); err != nil {
			return 0, err
		}
	}
}

func (p *pooler) dial(ctx context.Context, name string) (*pgconn.HijackedConn, error) {
	config, err := pgconn.ParseConfig(p.url)
	if err != nil {
		return nil, err
	}
	if name != "" {
		config.RuntimeParams["application_name"] = name
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("a session of the pooler: %w", err)
	}
	return conn.Hijack()
}

func (p *pooler) take(ctx context.Context) (*pgconn.HijackedConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return p.dial(ctx, "")
	}
	at := len(p.free) - 1
	if p.RoundRobin {
		at = 0
	}
	server := p.free[at]
	p.free = slices.Delete(p.free, at, at+1)
	return server, nil
}

func (p *pooler) release(server *pgconn.HijackedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, server)
}
