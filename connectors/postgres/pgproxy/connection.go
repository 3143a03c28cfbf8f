package pgproxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// connection is a connection between a program and the server: protocol version
// 3, not encrypted.
type connection struct {
	relay          *relay
	client, server net.Conn

	// used by forth
	prepared map[string]string // statements by the names they were prepared under
	batch    []string          // statements since the last Sync

	mu    sync.Mutex
	asked [][]string // unanswered turns, each with its statements; the first is the login

	// used by back
	transaction []string // statements that the open transaction ran
}

// message is a complete protocol message: its type (none for a client's first
// message), its length, its body.
type message []byte

const headLen = 5

func (m message) kind() byte   { return m[0] }
func (m message) body() []byte { return m[headLen:] }

// read returns the next message, which begins with the given number of type
// bytes.
func read(in io.Reader, kindLen int) (message, error) {
	head := make([]byte, kindLen+4)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[kindLen:])
	if length < 4 || length > 1<<30 {
		return nil, errors.New("not a Postgres message")
	}
	m := append(message(head), make([]byte, length-4)...)
	_, err := io.ReadFull(in, m[len(head):])
	return m, err
}

// forth forwards the client's messages.
func (c *connection) forth() {
	in, out := bufio.NewReader(c.client), bufio.NewWriter(c.server)
	m, err := read(in, 0)
	for err == nil {
		if _, err = out.Write(m); err == nil && in.Buffered() == 0 {
			err = out.Flush()
		}
		if err != nil {
			return
		}
		if m, err = read(in, 1); err == nil {
			err = c.hear(m)
		}
	}
}

// hear records which statements the client asks for, before the server gets
// them.
func (c *connection) hear(m message) error {
	switch m.kind() {
	case 'Q':
		var query pgproto3.Query
		err := query.Decode(m.body())
		c.ask(named(query.String))
		return err
	case 'P':
		var parse pgproto3.Parse
		err := parse.Decode(m.body())
		c.prepared[parse.Name] = named(parse.Query)
		return err
	case 'B':
		var bind pgproto3.Bind
		err := bind.Decode(m.body())
		c.batch = append(c.batch, c.prepared[bind.PreparedStatement])
		return err
	case 'S':
		c.ask(c.batch...)
		c.batch = nil
	}
	return nil
}

func (c *connection) ask(statements ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, statements)
}

// named returns the name of a statement: its sqlc name, or else its text.
func named(text string) string {
	if rest, ok := strings.CutPrefix(text, "-- name: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	return strings.ToLower(strings.TrimSpace(text))
}

// back forwards the server's messages. From the first completed statement on, it
// holds them back until the server is ready again and the turn's fate is known.
func (c *connection) back() {
	in, out := bufio.NewReader(c.server), bufio.NewWriter(c.client)
	var kept bytes.Buffer
	var t turn
	for {
		m, err := read(in, 1)
		if err != nil {
			_ = out.Flush()
			return
		}
		done := t.hear(m)
		if done || kept.Len() > 0 {
			kept.Write(m)
		} else if _, err = out.Write(m); err != nil {
			return
		}
		if m.kind() == 'Z' {
			if c.end(&t, m.body()[0]) {
				return
			}
			_, err = kept.WriteTo(out)
			t = turn{}
		}
		if err == nil && in.Buffered() == 0 {
			err = out.Flush()
		}
		if err != nil {
			return
		}
	}
}

// hear reports whether a message completes a statement, or the whole turn.
func (t *turn) hear(m message) bool {
	switch m.kind() {
	case 'C':
		t.rolledBack = string(bytes.TrimRight(m.body(), "\x00")) == "ROLLBACK"
		return true
	case 'E':
		t.failed = true
	}
	return m.kind() == 'Z'
}

// end evaluates a turn when the server is ready again, outside (idle) or inside
// a transaction, and reports whether its answer must be swallowed.
func (c *connection) end(t *turn, state byte) (swallow bool) {
	const idle = 'I'
	c.mu.Lock()
	t.statements, c.asked = c.asked[0], c.asked[1:]
	c.mu.Unlock()
	c.transaction = append(c.transaction, t.statements...)
	t.transaction = c.transaction
	t.committed = state == idle && !t.failed && !t.rolledBack
	if state == idle {
		c.transaction = nil
	}
	return c.relay.struck(t)
}
