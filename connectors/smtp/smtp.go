package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/profilesync/profilesync/reconcile/people"
)

// Policy says how the connection is encrypted.
type Policy string

// The policies.
const (
	StartTLS Policy = "starttls" // nothing is sent unless the relay offers STARTTLS
	Implicit Policy = "implicit" // TLS from the first byte
	None     Policy = "none"     // only to a loopback address
)

// Options configure a Sender.
type Options struct {
	Headers

	Host     string // of the relay
	Port     int    // 0: 587, 465 for Implicit, 25 for None
	TLS      Policy // empty: StartTLS
	Roots    *x509.CertPool
	Username string // empty: no authentication
	// Password is called for each letter; needed with a Username.
	Password func() (string, error)
	HELO     string // empty: the name of this machine
	// Timeout bounds connecting with greeting, TLS and authentication, and then
	// everything up to the final dot; 0: 30 s.
	Timeout time.Duration
	// Verdict is how long to wait for the answer to the final dot; 0: 10 minutes
	// (RFC 5321 section 4.5.3.2.6: a client that gives up early sends twice).
	Verdict time.Duration
	// Farewell replaces Verdict once the caller's context has ended; 0: 5 s.
	Farewell time.Duration
	// Turn is called before each message and waits for its turn; nil: no wait.
	Turn func(context.Context) error
}

// Sender sends letters through a relay. It may be used concurrently.
type Sender struct {
	options Options
	writer  writer
	tls     *tls.Config
}

// New checks the options; it does not connect.
func New(o Options) (*Sender, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	w, err := newWriter(o.Headers)
	if err != nil {
		return nil, err
	}
	return &Sender{
		options: o, writer: w,
		tls: &tls.Config{ServerName: o.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
	}, nil
}

func (o *Options) complete() error {
	ports := map[Policy]int{StartTLS: 587, Implicit: 465, None: 25}
	setDefault(&o.TLS, StartTLS)
	setDefault(&o.Port, ports[o.TLS])
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.Verdict, 10*time.Minute)
	setDefault(&o.Farewell, 5*time.Second)
	switch {
	case o.Host == "":
		return errors.New("mail relay: want a host")
	case ports[o.TLS] == 0:
		return fmt.Errorf("mail relay: encryption %q: want starttls, implicit or none", o.TLS)
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("mail relay: port %d: want 1 to 65535", o.Port)
	case o.TLS == None && !Loopback(o.Host):
		return errors.New("mail relay: no encryption is for loopback addresses only")
	case (o.Username == "") != (o.Password == nil):
		return errors.New("mail relay: want both a user name and a password, or none")
	case o.Timeout < 0 || o.Verdict < 0 || o.Farewell < 0:
		return errors.New("mail relay: want no times below 0")
	}
	return nil
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Lookup reports that Find cannot find letters: a relay cannot be asked.
func (s *Sender) Lookup() bool { return false }

// Find finds nothing.
func (s *Sender) Find(context.Context, string) (people.Acceptance, bool, error) {
	return people.Acceptance{}, false, nil
}

// Send sends a letter to the relay. The ID is the Message-ID, which depends only on
// the reference; the state is delivered, since the relay accepted it. Errors are
// *people.MailError.
func (s *Sender) Send(ctx context.Context, l people.Letter) (people.Acceptance, error) {
	return s.SendWith(ctx, l, nil)
}

// SendWith is Send with files.
func (s *Sender) SendWith(ctx context.Context, l people.Letter, files []Attachment) (people.Acceptance, error) {
	m, failed := s.writer.write(l, files)
	if failed != nil {
		return people.Acceptance{}, failed
	}
	if s.options.Turn != nil {
		if err := s.options.Turn(ctx); err != nil {
			return people.Acceptance{}, &people.MailError{Answer: people.MailRetry, Reason: "waiting for its turn", Err: err}
		}
	}
	if failed := s.deliver(ctx, m); failed != nil {
		return people.Acceptance{}, failed
	}
	return s.writer.mailed(l.Reference), nil
}

// client returns a go-mail client for one connection. dial opens it, so that the
// caller can always close it: go-mail leaves it open if the relay refuses.
func (s *Sender) client(dial mail.DialContextFunc, m message) (*mail.Client, error) {
	o := s.options
	options := []mail.Option{
		mail.WithPort(o.Port), mail.WithTimeout(o.Timeout), mail.WithDialContextFunc(dial), mail.WithTLSConfig(s.tls),
		mail.WithTLSPolicy(mail.NoTLS),
	}
	if o.TLS == StartTLS {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if o.HELO != "" {
		options = append(options, mail.WithHELO(o.HELO))
	}
	if m.ascii {
		options = append(options, mail.WithoutSMTPUTF8()) // without need for it, a message marked with it may be refused further on
	}
	if o.Username != "" {
		password, err := o.Password()
		if err != nil {
			return nil, fmt.Errorf("reading the password: %w", err)
		}
		options = append(options, mail.WithUsername(o.Username), mail.WithPassword(password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(o.Host, options...)
}

// dial opens the connection.
func (s *Sender) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{}
	address := net.JoinHostPort(s.options.Host, strconv.Itoa(s.options.Port))
	if s.options.TLS == Implicit {
		return (&tls.Dialer{NetDialer: dialer, Config: s.tls}).DialContext(ctx, "tcp", address)
	}
	return dialer.DialContext(ctx, "tcp", address)
}
