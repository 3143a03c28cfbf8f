// Package pgproxy sits between a program under test and its Postgres and breaks
// the line between them, at a moment that a test names by a statement. Every
// fault counts how often it happened: a test that does not check the count
// proves nothing.
//
// toxiproxy silences, resets and refuses. A relay behind it does what toxiproxy
// cannot: it reaches a server that listens on a Unix socket, reads along, loses
// the answer to a statement that took effect, and hides from one end of a
// silent line that the other has gone.
//
// TCP keepalives and the user timeout never tell the server that a silent
// client is dead, since the relay is alive; the server's own timeouts of idle
// sessions and transactions work as they do over a dead line.
package pgproxy

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy is the line of one program (or of several, whose lines then break
// together). Its methods may be called from any goroutine.
type Proxy struct {
	tb    testing.TB
	url   string
	relay *relay

	mu      sync.Mutex // serialises the faults of the whole line
	line    *toxiproxy.Proxy
	refuses bool
}

// New opens a line to a database. It is closed at the end of the test.
func New(tb testing.TB, databaseURL string) *Proxy {
	tb.Helper()
	r, err := newRelay(tb.Context(), databaseURL)
	if err != nil {
		tb.Fatal("pgproxy: ", err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{tb: tb, relay: r, line: toxiproxy.NewProxy(server, "postgres", loopback, r.listener.Addr().String())}
	tb.Cleanup(p.close)
	// This changes no byte: it only makes every connection end with RST.
	p.add(`{"type": "reset_peer", "toxicity": 0}`)
	p.listen()
	p.url, err = through(databaseURL, p.line.Listen)
	if err != nil {
		tb.Fatal("pgproxy: ", err)
	}
	return p
}

const loopback = "127.0.0.1:0"

// through returns the address of a database by way of host, which is host:port.
func through(databaseURL, host string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Del("host")
	query.Del("port")
	query.Set("sslmode", "disable")
	u.Host, u.RawQuery = host, query.Encode()
	return u.String(), nil
}

// URL is the address of the database through the proxy.
func (p *Proxy) URL() string { return p.url }

// SwallowCommitAfter loses the answer to the next commits of transactions that
// ran a statement, whether the transaction is explicit or only that statement:
// the server has committed, and the client gets a reset connection instead of
// the answer. A statement is named as in its sqlc comment ("-- name:
// StagePushes"), or by its whole text in lower case. It happens the given
// number of times.
//
// The functions given run on a goroutine of the proxy, after the server has
// committed and before the client learns that its connection is lost.
func (p *Proxy) SwallowCommitAfter(statement string, times int, meanwhile ...func()) *Fault {
	return p.atCommitAfter(statement, times, true, meanwhile)
}

// HoldCommitAfter holds the same answers back while the given function runs,
// and then delivers them.
func (p *Proxy) HoldCommitAfter(statement string, times int, meanwhile func()) *Fault {
	return p.atCommitAfter(statement, times, false, []func(){meanwhile})
}

func (p *Proxy) atCommitAfter(statement string, times int, swallow bool, meanwhile []func()) *Fault {
	return p.relay.arm(&Fault{
		left: times,
		due:  func(t *turn) bool { return t.committed && t.ran(statement) },
		strike: func() bool {
			for _, do := range meanwhile {
				do()
			}
			return swallow
		},
	})
}

// SilenceWhen silences the line when the server has completed a statement,
// named as for SwallowCommitAfter: its transaction is still open, and its
// answer is the first to vanish. It happens once.
func (p *Proxy) SilenceWhen(statement string) *Fault {
	return p.relay.arm(&Fault{
		left: 1,
		due:  func(t *turn) bool { return !t.failed && t.did(statement) },
		strike: func() (swallow bool) {
			p.Silence()
			return false
		},
	})
}

// Silence drops every byte, both ways. Connections stay open, new ones are
// accepted and then hang, and neither end learns that the other has gone.
func (p *Proxy) Silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.relay.silence() {
		p.add(`{"name": "silence", "type": "timeout", "stream": "upstream", "attributes": {"timeout": 0}}`)
		p.add(`{"name": "silence back", "type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`)
	}
}

// Silenced returns how many connections were open when the line went silent, or
// were opened since; it adds up over several silences.
func (p *Proxy) Silenced() int {
	p.relay.mu.Lock()
	defer p.relay.mu.Unlock()
	return p.relay.silenced
}

// Refuse resets every connection, and refuses new ones.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line.Stop()
	p.refuses = true
}

// Reset resets every connection and returns how many were open; new ones are
// accepted.
func (p *Proxy) Reset() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := p.relay.open()
	p.line.Stop()
	p.listen()
	return open
}

// Restore ends Silence and Refuse. Connections that were silent are reset, like
// connections whose bytes were lost for longer than both ends' timeouts.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.speak()
	if p.refuses {
		p.listen()
	}
}

func (p *Proxy) speak() {
	if !p.relay.silent() {
		return
	}
	for _, name := range []string{"silence", "silence back"} {
		if err := p.line.Toxics.RemoveToxic(p.tb.Context(), name); err != nil {
			p.tb.Error("pgproxy: ending a silence: ", err)
		}
	}
	p.relay.speak()
}

func (p *Proxy) add(toxic string) {
	if _, err := p.line.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.tb.Error("pgproxy: ", toxic, ": ", err)
	}
}

func (p *Proxy) listen() {
	if err := p.line.Start(); err != nil {
		p.tb.Error("pgproxy: ", err)
	}
	p.refuses = false
}

func (p *Proxy) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.speak()
	p.line.Stop()
	p.relay.close()
}
