package settings

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// APIOff is the APIAddress that serves neither the API nor the console.
const APIOff = "off"

// ServesAPI reports whether the daemon serves the API and the console.
func (s *Settings) ServesAPI() bool { return s.APIAddress != APIOff }

// PublicURL is where browsers reach the API and the console, without a slash at the end.
func (s *Settings) PublicURL() string {
	scheme := "http://"
	if s.APITLSCert != "" {
		scheme = "https://"
	}
	return strings.TrimSuffix(cmp.Or(s.APIPublicURL, scheme+s.APIAddress), "/")
}

// checkAPI refuses what would let others listen in, or let nobody in.
func (s *Settings) checkAPI() error {
	var errs []error
	host, _, err := net.SplitHostPort(s.APIAddress)
	switch {
	case !s.ServesAPI():
	case err != nil:
		errs = append(errs, Wrong("API_ADDRESS", "=%s: want an address like 127.0.0.1:8384, or off", s.APIAddress))
	case isLoopback(host):
	case s.APITLSCert == "":
		errs = append(errs, Wrong("API_TLS_CERT", " (or _FILE) is missing: other machines can reach PROFILESYNC_API_ADDRESS"))
	case s.APIPublicURL == "":
		errs = append(errs, Wrong("API_PUBLIC_URL", " is missing: other machines can reach PROFILESYNC_API_ADDRESS"))
	}
	return errors.Join(errors.Join(errs...), s.checkCertificate(), s.checkPublicURL(), s.checkSessions(), s.checkOIDC())
}

// isLoopback reports whether a name or an address always means this machine.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func (s *Settings) checkCertificate() error {
	switch {
	case s.APITLSCert == "" && s.APITLSKey == "":
		return nil
	case s.APITLSCert == "":
		return Wrong("API_TLS_CERT", " (or _FILE) is missing: its key is set")
	case s.APITLSKey == "":
		return Wrong("API_TLS_KEY", " (or _FILE) is missing: its certificate is set")
	}
	if _, err := tls.X509KeyPair([]byte(s.APITLSCert), []byte(s.APITLSKey.Reveal())); err != nil {
		return Wrong("API_TLS_CERT", " (or _FILE): with PROFILESYNC_API_TLS_KEY: %w", err)
	}
	return nil
}

func (s *Settings) checkPublicURL() error {
	if s.APIPublicURL == "" {
		return nil
	}
	u, err := url.Parse(s.APIPublicURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		strings.ContainsAny(s.APIPublicURL, "?#"):
		return Wrong("API_PUBLIC_URL", ": want an address like https://console.example, with nothing after it")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return Wrong("API_PUBLIC_URL", ": want https: only this machine may be reached without TLS")
	}
	return nil
}

// mostSession is how long people may stay signed in at most.
const mostSession = 12 * time.Hour

func (s *Settings) checkSessions() error {
	var errs []error
	if s.APISessionIdle < time.Minute {
		errs = append(errs, Wrong("API_SESSION_IDLE", "=%s: want 1m or more", s.APISessionIdle))
	}
	if s.APISessionLifetime > mostSession {
		errs = append(errs, Wrong("API_SESSION_LIFETIME", "=%s: want at most %s, since whoever leaves a group stays signed in for so long",
			s.APISessionLifetime, mostSession))
	}
	if s.APISessionLifetime < s.APISessionIdle {
		errs = append(errs, Wrong("API_SESSION_LIFETIME", "=%s: want no less than PROFILESYNC_API_SESSION_IDLE", s.APISessionLifetime))
	}
	return errors.Join(errs...)
}

// personal are the claims that name a person.
var personal = []string{
	"email", "name", "given_name", "family_name", "nickname", "preferred_username", "upn", "unique_name", "phone_number",
}

func (s *Settings) checkOIDC() error {
	var errs []error
	if slices.Contains(personal, s.OIDCActorClaim) {
		errs = append(errs, Wrong("OIDC_ACTOR_CLAIM", "=%s: want a claim that names nobody, such as sub: it is in the audit for ever",
			s.OIDCActorClaim))
	}
	if _, err := s.GroupVerbs(); err != nil {
		errs = append(errs, Wrong("OIDC_VERBS", ": %w", err))
	}
	if s.OIDCIssuer == "" {
		return errors.Join(errs...)
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		errs = append(errs, Wrong("OIDC_ISSUER", ": want an address like https://identity.example"))
	}
	if s.OIDCClientID == "" {
		errs = append(errs, Wrong("OIDC_CLIENT_ID", " is missing: PROFILESYNC_OIDC_ISSUER is set"))
	}
	if s.OIDCVerbs == "" {
		errs = append(errs, Wrong("OIDC_VERBS", " is missing: PROFILESYNC_OIDC_ISSUER is set, and nobody without a group gets in"))
	}
	return errors.Join(errs...)
}

// GroupVerbs returns the verbs of each group of the identity provider.
func (s *Settings) GroupVerbs() (map[string][]guard.Verb, error) {
	groups := make(map[string][]guard.Verb)
	for entry := range strings.SplitSeq(s.OIDCVerbs, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		at := strings.LastIndex(entry, "=") // the name of a group may have one
		group := strings.TrimSpace(entry[:max(at, 0)])
		if group == "" {
			return nil, errors.New("want groups with their verbs, like admins=read,administer;leads=read,approve")
		}
		if groups[group] != nil {
			return nil, fmt.Errorf("group %s stands twice", group)
		}
		verbs, err := guard.ParseVerbs(entry[at+1:])
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", group, err)
		}
		groups[group] = verbs
	}
	return groups, nil
}

// certificateAge is how old a certificate may be that is used without looking whether its
// files have changed.
const certificateAge = 10 * time.Second

// ServerTLS returns how the API is served by TLS, with HTTP/1.1; nil without a certificate.
// Files that change take effect within 10 seconds; while they cannot be used, or do not
// belong together, the certificate from before is kept, and failed is told.
func (s *Settings) ServerTLS(now func() time.Time, failed func(error)) (*tls.Config, error) {
	if s.APITLSCert == "" {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	first, err := tls.X509KeyPair([]byte(s.APITLSCert), []byte(s.APITLSKey.Reveal()))
	if err != nil {
		return nil, Wrong("API_TLS_CERT", " (or _FILE): %w", err)
	}
	c := &certificate{current: &first, read: now(), now: now, failed: failed}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}, nil
}

// certificate is one that is read again.
type certificate struct {
	now    func() time.Time
	failed func(error)

	mutex   sync.Mutex
	current *tls.Certificate
	read    time.Time
}

func (c *certificate) get() *tls.Certificate {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.now().Sub(c.read) < certificateAge {
		return c.current
	}
	c.read = c.now()
	e := environmentOf(os.Environ())
	cert, err := e.value("API_TLS_CERT", false)
	key, bad := Rotating("API_TLS_KEY")()
	if err = errors.Join(err, bad); err == nil {
		var pair tls.Certificate
		if pair, err = tls.X509KeyPair([]byte(cert), []byte(key)); err == nil {
			c.current = &pair
		}
	}
	if err != nil {
		c.failed(err)
	}
	return c.current
}
