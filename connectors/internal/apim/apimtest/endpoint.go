// Package apimtest is the token endpoint of the API platform for tests and
// simulators. It verifies assertions as the platform does
// (CONTRACT.md "Assertion") and issues opaque tokens.
package apimtest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Options configure an Endpoint.
type Options struct {
	ClientID string
	KeyID    string         // kid under which Key is registered
	Key      *rsa.PublicKey // default that of Key()
	URL      string         // the audience; default the address to which a request was sent
	Life     time.Duration  // of a token; default 599 s
	Now      func() time.Time
}

// Endpoint is an http.Handler that answers at any path. It may be used
// concurrently.
type Endpoint struct {
	clientID string
	url      string
	now      func() time.Time

	mu     sync.Mutex
	keys   map[string]*rsa.PublicKey
	life   time.Duration
	jtis   map[string]bool
	tokens map[string]time.Time // token to its end
	calls  int
}

// New returns an endpoint that knows one client with one key.
func New(o Options) *Endpoint {
	e := &Endpoint{
		clientID: o.ClientID, url: o.URL, now: o.Now, life: o.Life,
		keys: map[string]*rsa.PublicKey{}, jtis: map[string]bool{}, tokens: map[string]time.Time{},
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.life == 0 {
		e.life = 599 * time.Second
	}
	if o.Key == nil {
		o.Key = &Key().PublicKey
	}
	e.keys[o.KeyID] = o.Key
	return e
}

// Register registers a public key under a key id; nil removes it.
func (e *Endpoint) Register(keyID string, key *rsa.PublicKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keys[keyID] = key; key == nil {
		delete(e.keys, keyID)
	}
}

// SetLife sets the life of tokens issued from now on.
func (e *Endpoint) SetLife(life time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.life = life
}

// Calls counts the requests so far, refused ones included.
func (e *Endpoint) Calls() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls
}

// Valid reports whether the endpoint issued the token and it has not expired.
func (e *Endpoint) Valid(token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now().Before(e.tokens[token])
}

// ExpireAll expires all tokens.
func (e *Endpoint) ExpireAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.tokens)
}

func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	w.Header().Set("Content-Type", "application/json")
	if refusal := e.check(w, r); refusal != nil {
		w.WriteHeader(refusal.status)
		answer(w, map[string]string{
			"error": refusal.code, "error_description": refusal.description, "message_id": "rrt-" + strconv.Itoa(e.calls),
		})
		return
	}
	now, token := e.now(), rand.Text()
	e.tokens[token] = now.Add(e.life)
	answer(w, map[string]string{
		"access_token": token, "token_type": "Bearer",
		"expires_in": strconv.Itoa(int(e.life / time.Second)), "issued_at": strconv.FormatInt(now.UnixMilli(), 10),
	})
}

func answer(w http.ResponseWriter, body map[string]string) {
	content, err := json.Marshal(body)
	if err != nil {
		panic("texts always marshal: " + err.Error())
	}
	_, _ = w.Write(content) // a client that left does not matter
}

// audience returns the value that the assertion's aud must have.
func (e *Endpoint) audience(r *http.Request) string {
	if e.url != "" {
		return e.url
	}
	address := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}
	if r.TLS != nil {
		address.Scheme = "https"
	}
	return address.String()
}
