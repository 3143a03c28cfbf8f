package apim

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

const (
	renewShare   = 0.8              // of a token's life, after which it is renewed (CONTRACT.md "Tokens")
	renewPause   = 10 * time.Second // between failed renewals while the old token is still valid
	renewTimeout = 2 * time.Minute  // for one renewal, all attempts together
)

// Options configure Tokens.
type Options struct {
	TokenURL string          // exact, since it is also the assertion's audience; https, or http on this machine
	ClientID string          // of the registered application, the platform's "API key"
	KeyID    string          // kid of the registered public key
	Key      *rsa.PrivateKey // from ParseKey; at least 2048 bits

	Attempts  int               // to get one token, each with a new assertion; default 4
	Backoff   time.Duration     // before the second attempt, doubled after each; default 1 s
	Timeout   time.Duration     // of one attempt; default 30 s (CONTRACT.md "Limits")
	Transport http.RoundTripper // instead of the network, for tests
	Now       func() time.Time  // default time.Now
}

// Tokens holds the current token of one application. It may be used concurrently:
// however many callers wait, only one request is made at a time.
type Tokens struct {
	options Options
	client  *httpx.Client
	flight  singleflight.Group

	mu      sync.Mutex
	current token
}

// token is a token that the platform issued. The zero value means none.
type token struct {
	value string
	renew time.Time // when to start asking for a new one
	end   time.Time
}

// New checks the options; it sends nothing.
func New(o Options) (*Tokens, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("signing in at the API platform: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Attempts <= 0 {
		o.Attempts = 4
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return &Tokens{options: o, client: httpx.New(httpx.Options{
		Name: "token endpoint",
		// The same assertion is never sent twice: the first attempt uses up its jti.
		Limits:    httpx.Limits{Attempts: 1, Timeout: o.Timeout, MaxBytes: 64 << 10},
		Headers:   o.Timeout,
		Transport: o.Transport,
		Now:       o.Now,
		Pass:      func(status int) bool { return status >= 400 && status < 500 && classOf(status) != Retryable },
	})}, nil
}

func (o Options) check() error {
	address, err := url.Parse(o.TokenURL)
	switch {
	case err != nil || address.Host == "":
		return errors.New("token address: want an absolute URL")
	case address.Scheme != "https" && (address.Scheme != "http" || !isLoopback(address.Hostname())):
		return errors.New("token address: want https://")
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		return errors.New("token address: want no user, query or fragment")
	case o.ClientID == "":
		return errors.New("client id: missing")
	case o.KeyID == "":
		return errors.New("key id: missing")
	case o.Key == nil:
		return errors.New("private key: missing")
	}
	return checkKey(o.Key)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String names the application, never the token.
func (t *Tokens) String() string { return "tokens of " + t.options.ClientID }

// GoString is String, so that no way of printing shows a token.
func (t *Tokens) GoString() string { return t.String() }

// Token returns a token that stays valid for a while. It asks for a new one after
// 80 % of the old one's life; while that fails it returns the old one until it
// expires. Errors are *Error, or the context's own.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	if now := t.get(); t.options.Now().Before(now.renew) {
		return now.value, nil
	}
	// The end of one caller's context must not cancel the request for the others.
	background := context.WithoutCancel(ctx)
	result := t.flight.DoChan("", func() (any, error) { return t.renew(background) })
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return "", r.Err
		}
		value, _ := r.Val.(string)
		return value, nil
	}
}

// Expire drops a token that an API refused, unless it has been renewed since.
func (t *Tokens) Expire(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.value == value {
		t.current = token{}
	}
}

func (t *Tokens) get() token {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// renew runs once at a time.
func (t *Tokens) renew(ctx context.Context) (string, error) {
	// An earlier renewal may have finished since our caller checked.
	if now := t.get(); t.options.Now().Before(now.renew) {
		return now.value, nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	next, err := t.request(ctx)

	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.current = next
		return next.value, nil
	}
	now := t.options.Now()
	if !now.Before(t.current.end) {
		return "", err
	}
	t.current.renew = now.Add(renewPause)
	if t.current.renew.After(t.current.end) {
		t.current.renew = t.current.end
	}
	return t.current.value, nil
}
