package settings

import (
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"time"
)

// UsesServer reports whether commands ask the API of a daemon instead of the database.
func (s *Settings) UsesServer() bool { return s.Server != "" }

// ServerURL is the address of the daemon that commands ask, without a slash at the end.
func (s *Settings) ServerURL() string { return strings.TrimSuffix(s.Server, "/") }

// ServerKey returns the token to show there. It is read at each request, so that a new one
// takes effect while a command waits.
func (s *Settings) ServerKey() (string, error) { return Rotating("SERVER_TOKEN")() }

// ServerRoots are the authorities that may have signed the daemon's certificate; nil for
// those of the system.
func (s *Settings) ServerRoots() *x509.CertPool {
	if s.ServerCA == "" {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.ServerCA)) // checkServer has tried it
	return roots
}

// checkServer refuses an address that would show the token to others, and a database
// beside it: nobody could say which of the two a command has asked.
func (s *Settings) checkServer() error {
	if s.Server == "" {
		return s.checkNoServer()
	}
	errs := []error{s.checkServerAddress()}
	if s.DatabaseURL != "" {
		errs = append(errs, Wrong("SERVER", " and PROFILESYNC_DATABASE_URL (or _FILE) are both set: "+
			"commands ask either a daemon or the database; keep one of them"))
	}
	if s.ServerToken == "" {
		errs = append(errs, Wrong("SERVER_TOKEN", " (or _FILE) is missing: PROFILESYNC_SERVER is set (`profilesync tokens add` makes one)"))
	}
	if s.ServerCA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.ServerCA)) {
		errs = append(errs, Wrong("SERVER_CA", " (or _FILE): want certificates (PEM)"))
	}
	if s.ServerPatience < time.Second {
		errs = append(errs, Wrong("SERVER_PATIENCE", "=%s: want 1s or more", s.ServerPatience))
	}
	return errors.Join(errs...)
}

func (s *Settings) checkServerAddress() error {
	u, err := url.Parse(s.Server)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		strings.ContainsAny(s.Server, "?#"):
		return Wrong("SERVER", ": want an address like https://console.example, with nothing after it")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return Wrong("SERVER", ": want https: only this machine may be asked without TLS")
	}
	return nil
}

// checkNoServer refuses settings that are for a daemon, where none is named.
func (s *Settings) checkNoServer() error {
	for _, set := range []struct {
		name string
		is   bool
	}{{"SERVER_TOKEN", s.ServerToken != ""}, {"SERVER_CA", s.ServerCA != ""}} {
		if set.is {
			return Wrong("SERVER", " is missing: PROFILESYNC_%s is set", set.name)
		}
	}
	return nil
}
