package smtptest

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
)

// conversation is one connection.
type conversation struct {
	s    *Server
	conn net.Conn
	text *textproto.Conn
	m    Message // From and To are set while a message is being sent
}

// errOver ends a conversation.
var errOver = errors.New("over")

func (s *Server) serve(conn net.Conn) {
	c := &conversation{s: s, conn: conn, text: textproto.NewConn(conn)}
	if s.options.Implicit {
		c.encrypt()
	}
	if c.stage(Greeting, func() error { return c.say(220, "relay.example ESMTP smtptest") }) != nil {
		return
	}
	for {
		line, err := c.text.ReadLine()
		if err != nil || c.command(line) != nil {
			return
		}
	}
}

func (c *conversation) encrypt() {
	c.conn = tls.Server(c.conn, &tls.Config{Certificates: []tls.Certificate{c.s.certificate}, MinVersion: tls.VersionTLS12})
	c.text = textproto.NewConn(c.conn)
	c.m.TLS = true
}

func (c *conversation) say(code int, lines ...string) error {
	for i, line := range lines {
		mark := '-'
		if i == len(lines)-1 {
			mark = ' '
		}
		if err := c.text.PrintfLine("%d%c%s", code, mark, line); err != nil {
			return err
		}
	}
	return nil
}

// stage calls well, unless a fault of the stage prevents it.
func (c *conversation) stage(at Stage, well func() error) error {
	met := c.s.meet(at)
	if dropped(met) {
		return errOver
	}
	if code := met.Name.Status(); code != 0 {
		return c.refuse(code, met.Text)
	}
	return well()
}

// refuse answers with the code of a fault; 421 ends the conversation.
func (c *conversation) refuse(code int, text string) error {
	if err := c.say(code, strings.TrimSpace(text)); err != nil || code == 421 {
		return errOver
	}
	return nil
}

func (c *conversation) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		return c.stage(EHLO, func() error { c.m.HELO = rest; return c.say(250, c.offers()...) })
	case "STARTTLS":
		return c.stage(StartTLS, func() error { err := c.say(220, "2.0.0 go ahead"); c.encrypt(); return err })
	case "AUTH":
		return c.stage(Auth, func() error { return c.auth(rest) })
	case "MAIL":
		return c.stage(Mail, func() error { return c.mail(rest) })
	case "RCPT":
		return c.stage(Rcpt, func() error { return c.rcpt(rest) })
	case "DATA":
		return c.stage(Data, c.data)
	case "RSET":
		c.m.From, c.m.To = "", ""
		return c.say(250, "2.0.0 forgotten")
	case "NOOP":
		return c.say(250, "2.0.0 still here")
	case "QUIT":
		_ = c.say(221, "2.0.0 goodbye")
		return errOver
	}
	return c.say(502, "5.5.1 unknown command")
}

func (c *conversation) offers() []string {
	offers := []string{"relay.example", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if !c.m.TLS && !c.s.options.NoTLS {
		offers = append(offers, "STARTTLS")
	}
	if c.s.options.UTF8 {
		offers = append(offers, "SMTPUTF8")
	}
	if c.s.options.Users != nil {
		offers = append(offers, "AUTH PLAIN")
	}
	return offers
}

func (c *conversation) auth(rest string) error {
	mechanism, encoded, _ := strings.Cut(rest, " ")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	parts := strings.Split(string(decoded), "\x00")
	if mechanism != "PLAIN" || err != nil || len(parts) != 3 {
		return c.say(501, "5.5.4 want AUTH PLAIN with its answer")
	}
	if want, known := c.s.options.Users[parts[1]]; !known || want != parts[2] {
		return c.say(535, "5.7.8 authentication failed for "+parts[1])
	}
	c.m.User = parts[1]
	return c.say(235, "2.7.0 welcome")
}

func (c *conversation) mail(rest string) error {
	address, params, ok := path(rest, "FROM:")
	switch {
	case !ok:
		return c.say(501, "5.5.4 want MAIL FROM:<address>")
	case c.s.options.Users != nil && c.m.User == "":
		return c.say(530, "5.7.0 authentication required")
	}
	c.m.From, c.m.Params, c.m.To = address, params, ""
	return c.say(250, "2.1.0 sender ok")
}

func (c *conversation) rcpt(rest string) error {
	address, _, ok := path(rest, "TO:")
	switch {
	case !ok || address == "":
		return c.say(501, "5.1.3 want RCPT TO:<address>")
	case c.m.From == "":
		return c.say(503, "5.5.1 want MAIL first")
	case c.m.To != "":
		return c.say(452, "4.5.3 one recipient only") // no client has a reason to name two
	}
	c.m.To = address
	return c.say(250, "2.1.5 recipient ok")
}

// path reads "FROM:<address> PARAMETERS".
func path(rest, keyword string) (address, params string, ok bool) {
	if len(rest) < len(keyword) || !strings.EqualFold(rest[:len(keyword)], keyword) {
		return "", "", false
	}
	inner, ok := strings.CutPrefix(strings.TrimSpace(rest[len(keyword):]), "<")
	address, params, closed := strings.Cut(inner, ">")
	return address, strings.TrimSpace(params), ok && closed
}

// data reads a message. A message without its final dot was never sent.
func (c *conversation) data() error {
	if c.m.To == "" {
		return c.say(503, "5.5.1 want RCPT first")
	}
	if err := c.say(354, "end with a dot"); err != nil {
		return err
	}
	if dropped(c.s.meet(Content)) {
		return errOver
	}
	raw, err := io.ReadAll(c.text.DotReader())
	if err != nil {
		return err
	}
	m := c.m
	m.Raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	c.m.From, c.m.To = "", ""
	return c.dot(m)
}

// dot adds the message to the ledger before it answers, so that a client with the
// answer finds it there.
func (c *conversation) dot(m Message) error {
	met := c.s.meet(Dot)
	code := met.Name.Status()
	m.Answered, m.Fault = !dropped(met) && code == 0, met.Name
	if m.Answered || met.Name.After() {
		c.s.take(m)
	}
	switch {
	case dropped(met):
		return errOver
	case code == 0:
		return c.say(250, "2.0.0 taken")
	}
	return c.refuse(code, met.Text)
}
