package pgproxy

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// relay carries connections to the server, reading along.
type relay struct {
	listener         net.Listener
	network, address string // of the server
	running          sync.WaitGroup

	mu          sync.Mutex
	faults      []*Fault
	connections map[*connection]bool
	speaking    chan struct{} // closed while the line is not silent
	silenced    int
}

func newRelay(ctx context.Context, databaseURL string) (*relay, error) {
	config, err := pgconn.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback)
	if err != nil {
		return nil, err
	}
	r := &relay{listener: listener, connections: map[*connection]bool{}, speaking: make(chan struct{})}
	r.network, r.address = pgconn.NetworkAddress(config.Host, config.Port)
	close(r.speaking)
	r.running.Go(func() { r.serve(ctx) })
	return r, nil
}

// serve ends with the listener.
func (r *relay) serve(ctx context.Context) {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() { r.carry(ctx, client) })
	}
}

// carry forwards one connection until one of its ends has gone and the other
// may learn of it.
func (r *relay) carry(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(ctx, r.network, r.address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	c := &connection{relay: r, client: client, server: server, prepared: map[string]string{}, asked: [][]string{nil}}
	r.add(c)
	defer r.remove(c)
	ended := make(chan struct{}, 2)
	for _, way := range []func(){c.forth, c.back} {
		r.running.Go(func() {
			way()
			ended <- struct{}{}
		})
	}
	<-ended
	r.waitForSpeech()
}

func (r *relay) add(c *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connections[c] = true
	if r.quiet() {
		r.silenced++
	}
}

func (r *relay) remove(c *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.connections, c)
}

func (r *relay) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.connections)
}

// silence silences the line, and reports false if it already was silent.
func (r *relay) silence() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.quiet() {
		return false
	}
	r.speaking = make(chan struct{})
	r.silenced += len(r.connections)
	return true
}

func (r *relay) silent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.quiet()
}

// quiet reports whether the line is silent. The caller holds the lock.
func (r *relay) quiet() bool {
	select {
	case <-r.speaking:
		return false
	default:
		return true
	}
}

// speak ends a silence.
func (r *relay) speak() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.speaking)
}

func (r *relay) waitForSpeech() {
	r.mu.Lock()
	speaking := r.speaking
	r.mu.Unlock()
	<-speaking
}

// close ends every connection of a line that is not silent.
func (r *relay) close() {
	_ = r.listener.Close()
	r.mu.Lock()
	for c := range r.connections {
		_ = c.server.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}

func (r *relay) arm(f *Fault) *Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, f)
	return f
}

// struck makes the faults happen that are due at this turn, and reports whether
// its answer must be swallowed.
func (r *relay) struck(t *turn) (swallow bool) {
	r.mu.Lock()
	faults := r.faults
	r.mu.Unlock()
	for _, f := range faults {
		if f.take(t) {
			swallow = f.strike() || swallow
			f.mu.Lock()
			f.happened++
			f.mu.Unlock()
		}
	}
	return swallow
}
