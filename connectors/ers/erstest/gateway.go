package erstest

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Client is a registered application. Organisation and role are attributes of
// it, not of a request (CONTRACT.md "Applications").
type Client struct {
	ID    string         // the API key
	KeyID string         // kid of the registered key
	Key   *rsa.PublicKey // default that of apimtest.Key()
	// Provider is an application without the REFERRER context: it may only read code
	// systems.
	Provider bool
	// Life is how long a token is valid; 0: 599 s.
	Life time.Duration
	// TokenURL is the required audience; "": the address to which a request was sent.
	TokenURL string
}

// Limit is the gateway's limit for each client (CONTRACT.md "Limits"). In production
// it is 600 and 720. Refused requests do not count.
type Limit struct {
	PerMinute   int  // quota for a minute, which begins with its first request; 0: none
	SpikePerMin int  // spike arrest: requests must be at least a minute divided by this apart; 0: none
	Burst       int  // how many may arrive at once before spike arrest smooths; 0: 1
	EmptyBody   bool // 429 without the R4 body
}

// gateway is in front of the API: tokens, headers, limits.
type gateway struct {
	options   Options
	now       func() time.Time
	clients   map[string]Client
	endpoints map[string]*apimtest.Endpoint
	order     []string

	mu   sync.Mutex
	used map[string]*usage
}

// usage is how much of its limit a client has used.
type usage struct {
	minute time.Time // when the quota's minute began
	count  int
	next   time.Time // when spike arrest has fully recovered
}

func newGateway(o Options, now func() time.Time) *gateway {
	g := &gateway{
		options: o, now: now, clients: map[string]Client{}, endpoints: map[string]*apimtest.Endpoint{}, used: map[string]*usage{},
	}
	for _, c := range o.Clients {
		if _, known := g.clients[c.ID]; known || c.ID == "" {
			panic(fmt.Sprintf("erstest: client %q: want one id for each", c.ID))
		}
		g.clients[c.ID] = c
		g.order = append(g.order, c.ID)
		g.endpoints[c.ID] = apimtest.New(apimtest.Options{
			ClientID: c.ID, KeyID: c.KeyID, Key: c.Key, URL: c.TokenURL, Life: c.Life, Now: now,
		})
	}
	return g
}

// TokenEndpoint returns the token endpoint of a client, to count its calls, change its
// keys or expire its tokens; nil if there is no such client.
func (s *Server) TokenEndpoint(client string) *apimtest.Endpoint { return s.gate.endpoints[client] }

// client returns the client whose token a request has; "" for none. A request for a
// token belongs to the client that signed it, whether it is accepted or not.
func (g *gateway) client(r *http.Request) string {
	if r.URL.Path == TokenPath {
		return issuer(r)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	for _, id := range g.order {
		if g.endpoints[id].Valid(token) {
			return id
		}
	}
	return ""
}

// token issues tokens. The first client's endpoint refuses requests of unknown
// clients.
func (g *gateway) token(r *http.Request, e *Entry) simulate.Answer {
	if len(g.order) == 0 {
		return noSuchPath(r, e)
	}
	endpoint := g.endpoints[e.Client]
	if endpoint == nil {
		endpoint = g.endpoints[g.order[0]]
	}
	return simulate.Held(endpoint, r)
}

// issuer reads who claims to have signed an assertion, without verifying it, and does
// not consume the body.
func issuer(r *http.Request) string {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	parts := strings.Split(form.Get("client_assertion"), ".")
	if len(parts) != 3 {
		return ""
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var who struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(claims, &who) != nil {
		return ""
	}
	return who.Issuer
}

// guard answers the requests that the gateway does not pass on to the API.
func (g *gateway) guard(handle handler) handler {
	return func(r *http.Request, e *Entry) simulate.Answer {
		if a, refused := g.refuse(r, e); refused {
			return a
		}
		return handle(r, e)
	}
}

func (g *gateway) refuse(r *http.Request, e *Entry) (simulate.Answer, bool) {
	now := g.now()
	switch {
	case len(g.order) > 0 && e.Client == "":
		return refusal(simulate.Unauthorized, e.Kind, now), true
	case slices.ContainsFunc(e.NotAllowed, internalHeader):
		return refusal(ForbiddenEmpty, e.Kind, now), true
	case len(g.order) > 0 && len(e.NotAllowed) > 0:
		return refusal(AccessDenied, e.Kind, now), true
	case !g.allow(e.Client, e.At):
		if g.options.Limit.EmptyBody {
			return refusal(ThrottledEmpty, e.Kind, now), true
		}
		return refusal(simulate.Throttled, e.Kind, now), true
	case e.Kind != stu3 && g.clients[e.Client].Provider:
		return refusal(simulate.Error(403), e.Kind, now), true
	case !acceptable(r.Header.Values("Accept")):
		return refusal(simulate.Error(406), e.Kind, now), true
	}
	return simulate.Answer{}, false
}

// notAllowed returns the headers that an application-restricted client must not send
// (CONTRACT.md "Headers").
func notAllowed(h http.Header) (names []string) {
	for name := range h {
		if internalHeader(name) || strings.HasPrefix(strings.ToUpper(name), "NHSD-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// internalHeader reports whether the gateway itself sets a header
// (CONTRACT.md "Headers").
func internalHeader(name string) bool { return strings.HasPrefix(strings.ToUpper(name), "X-ERS-") }

func acceptable(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "", "*/*", "application/*", fhirType:
			return true
		}
	}
	return false
}

// allow counts a request against the limit of its client, and reports whether it is
// within it.
func (g *gateway) allow(client string, at time.Time) bool {
	l := g.options.Limit
	if l.PerMinute == 0 && l.SpikePerMin == 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	u := g.used[client]
	if u == nil {
		u = &usage{minute: at}
		g.used[client] = u
	}
	if at.Sub(u.minute) >= time.Minute {
		u.minute, u.count = at, 0
	}
	if l.PerMinute > 0 && u.count >= l.PerMinute || l.SpikePerMin > 0 && !u.smooth(l, at) {
		return false
	}
	u.count++
	return true
}

// smooth applies a bucket that holds Burst requests and is refilled at the rate.
func (u *usage) smooth(l Limit, at time.Time) bool {
	gap := time.Minute / time.Duration(l.SpikePerMin)
	if u.next.Sub(at) > gap*time.Duration(max(l.Burst, 1)-1) {
		return false
	}
	if u.next.Before(at) {
		u.next = at
	}
	u.next = u.next.Add(gap)
	return true
}
