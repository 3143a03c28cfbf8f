package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	// failedFor is how long a provider that could not be asked is not asked again by who signs in.
	failedFor = 5 * time.Second
	// sparedFor is how long it is not asked again for who has signed in already, and waits for
	// it in vain where it hangs.
	sparedFor = time.Minute
)

// errNoProvider means that the settings name none.
var errNoProvider = errors.New("no identity provider is configured (PROFILESYNC_OIDC_ISSUER)")

// provider is the identity provider, once it was asked what it can do.
type provider struct {
	asked  singleflight.Group // one request at a time
	mutex  sync.Mutex
	oidc   *oidc.Provider
	claims discovery
	failed time.Time
	err    error
}

// discovery is what we use of the provider's document besides go-oidc.
type discovery struct {
	EndSession string   `json:"end_session_endpoint"`
	Scopes     []string `json:"scopes_supported"`
}

// discover returns the provider, which is asked when it is first needed: one that is down
// keeps nobody from starting the daemon, nor tokens from working.
func (l *Login) discover(ctx context.Context) (*oidc.Provider, discovery, error) {
	if l.Issuer == "" {
		return nil, discovery{}, errNoProvider
	}
	p := &l.provider
	p.mutex.Lock()
	known, claims, failed, err := p.oidc, p.claims, p.failed, p.err
	p.mutex.Unlock()
	if known != nil {
		return known, claims, nil
	}
	if l.Now().Sub(failed) < failedFor {
		return nil, discovery{}, err
	}
	if err := l.askOnce(ctx); err != nil {
		return nil, discovery{}, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.oidc, p.claims, nil
}

// answers reports whether the provider answers now, so that somebody can be sent there.
func (l *Login) answers(ctx context.Context) bool {
	l.provider.mutex.Lock()
	failed := l.provider.failed
	l.provider.mutex.Unlock()
	return l.Now().Sub(failed) >= sparedFor && l.askOnce(ctx) == nil
}

// askOnce asks the provider, once for all who want to know at the same time. Whoever is gone
// does not wait.
func (l *Login) askOnce(ctx context.Context) error {
	asked := l.provider.asked.DoChan("", func() (any, error) { return nil, l.ask(context.WithoutCancel(ctx)) })
	select {
	case answer := <-asked:
		return answer.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask asks the provider what it can do. It keeps the context for its keys; each request to
// it is bounded by the client.
func (l *Login) ask(ctx context.Context) error {
	var claims discovery
	found, err := oidc.NewProvider(l.client(ctx), l.Issuer)
	if err == nil {
		err = found.Claims(&claims)
	}
	p := &l.provider
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if err != nil {
		p.failed, p.err = l.Now(), fmt.Errorf("asking the identity provider what it can do: %w", err)
		return p.err
	}
	if p.oidc == nil { // the first has the keys
		p.oidc, p.claims = found, claims
	}
	return nil
}

// client lets a context's requests go through our HTTP client.
func (l *Login) client(ctx context.Context) context.Context { return oidc.ClientContext(ctx, l.HTTP) }

// config is the client that we are for the provider.
func (l *Login) config(p *oidc.Provider, d discovery) (*oauth2.Config, error) {
	c := &oauth2.Config{
		ClientID: l.ClientID, Endpoint: p.Endpoint(), RedirectURL: l.PublicURL + callbackPath, Scopes: []string{oidc.ScopeOpenID},
	}
	if slices.Contains(d.Scopes, "groups") {
		c.Scopes = append(c.Scopes, "groups")
	}
	if l.ClientSecret == nil {
		return c, nil
	}
	secret, err := l.ClientSecret()
	c.ClientSecret = secret
	return c, err
}
