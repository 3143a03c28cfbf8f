package settings

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
)

// checkListener refuses what others could reach unless that is meant, and names that no Host
// header can hold.
func (s *Settings) checkListener() error {
	var errs []error
	switch host, _, err := net.SplitHostPort(s.HTTPAddress); {
	case err != nil:
		errs = append(errs, Wrong("HTTP_ADDRESS", "=%s: want an address like 127.0.0.1:8383", s.HTTPAddress))
	case !s.HTTPOpen && !isLoopback(host):
		errs = append(errs, Wrong("HTTP_ADDRESS", "=%s: other machines can reach it, and health and metrics are open to everybody; "+
			"want an address like 127.0.0.1:8383, or PROFILESYNC_HTTP_OPEN=true where its network is meant to, such as a container's",
			s.HTTPAddress))
	}
	for i, host := range s.HTTPHosts {
		s.HTTPHosts[i] = strings.TrimSpace(host)
		if u, err := url.Parse("http://" + s.HTTPHosts[i]); err != nil || u.Host == "" || u.Host != s.HTTPHosts[i] {
			errs = append(errs, Wrong("HTTP_HOSTS", "=%s: want names like reports.example", s.HTTPHosts[i]))
		}
	}
	return errors.Join(append(errs, s.checkTraces())...)
}

func (s *Settings) checkTraces() error {
	if s.TracesEndpoint == "" {
		return nil
	}
	u, err := url.Parse(s.TracesEndpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Wrong("TRACES_ENDPOINT", ": want an address like http://collector.example:4318")
	}
	return nil
}

// Hosts are the names under which the daemon answers besides those of this machine.
func (s *Settings) Hosts() []string {
	hosts := slices.Clone(s.HTTPHosts)
	if u, err := url.Parse(s.ReportURL); err == nil && u.Host != "" {
		hosts = append(hosts, u.Host)
	}
	return hosts
}
