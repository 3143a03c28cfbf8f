package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Person can sign in.
type Person struct {
	Subject  string   // the claim sub: a pseudonym, and who the audit names
	Login    string   // what is typed
	Password string   // what is typed
	Groups   []string // the claim groups
}

// A Client is a program that people sign in to.
type Client struct {
	ID, Secret string
	Redirects  []string // where a code may go, exactly
}

// Lifetimes of what the provider gives.
const (
	codeLasts  = time.Minute
	tokenLasts = 5 * time.Minute
)

// keyBits is the least that RS256 allows (RFC 7518).
const keyBits = 2048

// A Provider is an OpenID provider. Its methods may be called from any goroutine.
type Provider struct {
	issuer string
	server *http.Server
	client Client
	people []Person
	key    *rsa.PrivateKey
	now    func() time.Time

	mutex sync.Mutex
	codes map[string]grant
}

// A grant is what a code stands for, until it is used.
type grant struct {
	person                     Person
	redirect, nonce, challenge string
	at                         time.Time
}

// Serve serves a provider with a new key on a free port of loopback, until Close.
func Serve(ctx context.Context, client Client, people []Person, now func() time.Time) (*Provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving the identity provider: %w", err)
	}
	p := &Provider{
		issuer: "http://" + listener.Addr().String(),
		client: client,
		people: people,
		key:    key,
		now:    now,
		codes:  map[string]grant{},
	}
	p.server = &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends at Close; browsers notice a broken listener
	return p, nil
}

// Issuer is the address of the provider, and its name in tokens.
func (p *Provider) Issuer() string { return p.issuer }

// Close stops serving.
func (p *Provider) Close() { _ = p.server.Close() }

func (p *Provider) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.configuration)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.askWho)
	mux.HandleFunc("POST /authorize", p.grantCode)
	mux.HandleFunc("POST /token", p.giveToken)
	mux.HandleFunc("GET /sign-out", p.signOut)
	return mux
}

// keep stores a grant under a new code.
func (p *Provider) keep(g grant) (code string) {
	code = rand.Text()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	g.at = p.now()
	p.codes[code] = g
	return code
}

// use takes the grant of a code, which is then worth nothing.
func (p *Provider) use(code string) (g grant, ok bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	g, ok = p.codes[code]
	delete(p.codes, code)
	return g, ok && p.now().Before(g.at.Add(codeLasts))
}
