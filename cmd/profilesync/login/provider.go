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
)

// failedFor is how long a provider that could not be asked is not asked again.
const failedFor = 5 * time.Second

// errNoProvider means that the settings name none.
var errNoProvider = errors.New("no identity provider is configured (PROFILESYNC_OIDC_ISSUER)")

// provider is the identity provider, once it was asked what it can do.
type provider struct {
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
	defer p.mutex.Unlock()
	if p.oidc != nil {
		return p.oidc, p.claims, nil
	}
	if l.Now().Sub(p.failed) < failedFor {
		return nil, discovery{}, p.err
	}
	// The provider keeps the context for its keys; each request to it is bounded by the client.
	found, err := oidc.NewProvider(l.client(context.WithoutCancel(ctx)), l.Issuer)
	if err == nil {
		err = found.Claims(&p.claims)
	}
	if err != nil {
		p.failed, p.err = l.Now(), fmt.Errorf("asking the identity provider what it can do: %w", err)
		return nil, discovery{}, p.err
	}
	p.oidc = found
	return p.oidc, p.claims, nil
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
