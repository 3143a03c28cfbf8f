package admin

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// hostOf returns the name or address in a Host header or a host:port, in the form
// in which they are compared.
func hostOf(header string) string {
	host := header
	if name, _, err := net.SplitHostPort(header); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// isLoopback reports whether a name or an address always means this machine.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// onlyHosts answers 421 to requests under any name but the given ones and those of
// this machine: a page of somebody else's must not reach us by a name that it
// points at us.
func onlyHosts(names []string, next http.Handler) http.Handler {
	ours := make([]string, len(names))
	for i, name := range names {
		ours[i] = hostOf(name)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); !isLoopback(host) && !slices.Contains(ours, host) {
			http.Error(w, "this name is not served here", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
