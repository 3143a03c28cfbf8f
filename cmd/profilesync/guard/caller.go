package guard

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

const (
	// tokenPrefix lets people and scanners see what a stray token is of.
	tokenPrefix = "psync_"
	tokenBytes  = 32

	// tokenTrust is how long a token that was good is believed without asking the
	// database: a revoked one is refused everywhere after that at the latest.
	tokenTrust = 3 * time.Second
	// nameTrust is how long a token or a session that was good is limited by the name of
	// its principal instead of by address.
	nameTrust = 15 * time.Minute
	// mostKnown is how many tokens and sessions are remembered.
	mostKnown = 4096
)

// NewToken returns a token, to be shown once, and its hash, to be stored.
func NewToken() (token string, hash accessstore.Hash) {
	random := make([]byte, tokenBytes)
	_, _ = rand.Read(random) // it never fails
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	return token, sha256.Sum256([]byte(token))
}

// TokenTrust is how long a revoked token may still be accepted.
const TokenTrust = tokenTrust

type credentialKind int

const (
	nothing credentialKind = iota
	bearer
	session
	nonsense // something that no token of ours looks like
)

// credential is what a caller shows, hashed.
type credential struct {
	kind credentialKind
	hash accessstore.Hash
}

var lengthOfToken = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(tokenBytes)

// credentialOf returns what a request shows: a header before a cookie.
func (g *Guard) credentialOf(r *http.Request) credential {
	if header := r.Header.Values("Authorization"); len(header) > 0 {
		scheme, token, _ := strings.Cut(header[0], " ")
		if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") || len(token) != lengthOfToken || !strings.HasPrefix(token, tokenPrefix) {
			return credential{kind: nonsense}
		}
		return credential{bearer, sha256.Sum256([]byte(token))}
	}
	if g.Sessions == nil {
		return credential{}
	}
	cookie, err := r.Cookie(g.Sessions.Cookie())
	if err != nil {
		return credential{}
	}
	return credential{session, sha256.Sum256([]byte(cookie.Value))}
}

// identify finds out who calls. A token that is no good is refused here; a session that is
// no good is that of nobody.
func (g *Guard) identify(next http.Handler) http.Handler {
	bySession := next
	if g.Sessions != nil {
		bySession = g.Sessions.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p, ok := g.Sessions.Principal(r.Context()); ok {
				g.known.remember(g.credentialOf(r), p, time.Time{}, g.Now())
				r = r.WithContext(With(r.Context(), p))
			} else {
				g.known.forget(g.credentialOf(r))
			}
			next.ServeHTTP(w, r)
		}))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown := g.credentialOf(r)
		switch shown.kind {
		case nothing, session:
			bySession.ServeHTTP(w, r)
		case nonsense:
			refuseToken(w, r)
		case bearer:
			p, err := g.holderOf(r, shown)
			switch {
			case errors.Is(err, postgres.ErrNotFound):
				refuseToken(w, r)
			case err != nil:
				g.Log.ErrorContext(r.Context(), "looking up a token", "request", RequestID(r.Context()), "error", err)
				Problem(w, r, http.StatusServiceUnavailable, "tokens cannot be checked now: try again in a moment")
			default:
				next.ServeHTTP(w, r.WithContext(With(r.Context(), p)))
			}
		}
	})
}

// refuseToken says the same of every token that is not accepted.
func refuseToken(w http.ResponseWriter, r *http.Request) {
	Problem(w, r, http.StatusUnauthorized, "the token is not accepted: it is wrong, has expired, or was revoked")
}

// holderOf returns who holds a token: from memory if it was good a moment ago.
func (g *Guard) holderOf(r *http.Request, shown credential) (Principal, error) {
	now := g.Now()
	if p, ok := g.known.principal(shown, now); ok {
		return p, nil
	}
	holder, err := g.Tokens.HolderOf(r.Context(), shown.hash)
	if err != nil {
		if errors.Is(err, postgres.ErrNotFound) {
			g.known.forget(shown)
		}
		return Principal{}, err
	}
	p := Principal{Name: holder.Actor, Verbs: make([]Verb, len(holder.Verbs))}
	for i, verb := range holder.Verbs {
		p.Verbs[i] = Verb(verb)
	}
	until := now.Add(tokenTrust)
	if !holder.Expires.IsZero() && holder.Expires.Before(until) {
		until = holder.Expires
	}
	g.known.remember(shown, p, until, now)
	return p, nil
}

// known remembers tokens and sessions that were good, by their hashes.
type known struct {
	mutex sync.Mutex
	by    map[credential]*list.Element // of *knownOne
	order list.List                    // the longest unused first
}

type knownOne struct {
	shown     credential
	principal Principal
	until     time.Time // believed until then without asking the database
	seen      time.Time // when the database last knew it
}

func newKnown() *known { return &known{by: make(map[credential]*list.Element)} }

func (k *known) get(shown credential) *knownOne {
	element, found := k.by[shown]
	if !found {
		return &knownOne{}
	}
	k.order.MoveToBack(element)
	return element.Value.(*knownOne) //nolint:forcetypeassert // the list has nothing else
}

// nameOf returns the name of the principal who showed this lately; empty if nobody did.
func (k *known) nameOf(shown credential, now time.Time) string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if one := k.get(shown); now.Sub(one.seen) < nameTrust {
		return one.principal.Name
	}
	return ""
}

// principal returns who showed this a moment ago.
func (k *known) principal(shown credential, now time.Time) (Principal, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	one := k.get(shown)
	return one.principal, now.Before(one.until)
}

func (k *known) remember(shown credential, p Principal, until, now time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	one := &knownOne{shown, p, until, now}
	if element, found := k.by[shown]; found {
		element.Value = one
		return
	}
	if k.order.Len() >= mostKnown {
		delete(k.by, k.order.Remove(k.order.Front()).(*knownOne).shown) //nolint:forcetypeassert // as above
	}
	k.by[shown] = k.order.PushBack(one)
}

func (k *known) forget(shown credential) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if element, found := k.by[shown]; found {
		k.order.Remove(element)
		delete(k.by, shown)
	}
}
