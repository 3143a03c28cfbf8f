// Package site says in which form DoS stores the addresses of websites, and which it does
// not take (connectors/dos/CONTRACT.md "How DoS compares").
package site

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// accepted is the check that DoS makes; DoS stores at most 512 characters.
var accepted = regexp.MustCompile(`^(https?://)?([a-z\d][a-z\d-]*[a-z\d]\.)+[a-z]{2,}(/.*)?$`)

const longest = 512

// Stored returns an address as DoS stores it:
// scheme and host in lower case, or all of it if it has no scheme, and without an
// empty parameter, query or fragment. A query or fragment straight after the host
// gets the slash without which DoS would not take the address.
func Stored(address string) string {
	address = strings.TrimSpace(address)
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return strings.ToLower(withSlash(splitHost(withoutEmptyParts(address))))
	}
	host, tail := splitHost(rest)
	return strings.ToLower(scheme+"://"+host) + withSlash("", withoutEmptyParts(tail))
}

// splitHost cuts an address without a scheme behind its host.
func splitHost(address string) (host, tail string) {
	if i := strings.IndexAny(address, "/?#"); i >= 0 {
		return address[:i], address[i:]
	}
	return address, ""
}

func withSlash(host, tail string) string {
	if tail != "" && tail[0] != '/' {
		return host + "/" + tail
	}
	return host + tail
}

// withoutEmptyParts drops #, ? and ; with nothing behind them.
func withoutEmptyParts(address string) string {
	address, fragment, _ := strings.Cut(address, "#")
	path, query, _ := strings.Cut(address, "?")
	last := strings.LastIndexByte(path, '/') + 1
	if strings.IndexByte(path[last:], ';') == len(path)-last-1 {
		path = strings.TrimSuffix(path, ";")
	}
	if query != "" {
		path += "?" + query
	}
	if fragment != "" {
		path += "#" + fragment
	}
	return path
}

// WhyNot says what DoS does not take about an address in the form of Stored; empty if it
// takes it. It repeats nothing but names and ports of hosts.
func WhyNot(site string) string {
	if site == "" || len(site) <= longest && accepted.MatchString(site) {
		return ""
	}
	scheme, rest, ok := strings.Cut(site, "://")
	if !ok {
		scheme, rest = "", site
	}
	host, tail := splitHost(rest)
	switch {
	case len(site) > longest:
		return "DoS stores at most " + strconv.Itoa(longest) + " characters"
	case scheme != "" && scheme != "http" && scheme != "https":
		return "it does not begin with http:// or https://"
	case strings.Contains(host, "@"):
		return "it has a user name before the host"
	case strings.ContainsAny(tail, "\n"):
		return "it has a line break"
	}
	return whyNotHost(host)
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 32)
	return err == nil
}

// whyNotHost says which part of a host DoS does not take.
func whyNotHost(host string) string {
	if name, port, ok := strings.Cut(host, ":"); ok && isNumber(port) {
		return "a port, " + port + ", in " + name
	}
	if strings.ContainsFunc(host, unicode.IsSpace) || !strings.Contains(host, ".") {
		return "it has no name of a host with a dot, such as example.nhs.uk"
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if why := whyNotLabel(label, host); why != "" {
			return why
		}
	}
	if strings.ContainsAny(labels[len(labels)-1], "0123456789-") {
		return host + " does not end in a name such as .uk"
	}
	return "DoS does not take its form"
}

func whyNotLabel(label, host string) string {
	odd := strings.IndexFunc(label, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	switch {
	case label == "":
		return "a dot too many in " + host
	case odd >= 0:
		r, _ := utf8.DecodeRuneInString(label[odd:])
		return "the character " + strconv.QuoteRune(r) + " in " + host
	case len(label) == 1:
		return "one-letter label in " + host
	case strings.HasPrefix(label, "-"), strings.HasSuffix(label, "-"):
		return "a hyphen at the end of a label in " + host
	}
	return ""
}

// Shown returns an address if it holds neither a person's address nor a secret.
func Shown(site string) string {
	address, err := url.Parse(site)
	if err != nil || strings.Contains(site, "@") || strings.Contains(site, "%40") {
		return ""
	}
	return httpx.SafeURL(address)
}
