package postgres

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// CheckAddress returns an error for an address that Open would refuse without
// connecting. It does not repeat the address, which may hold a password.
func CheckAddress(address string) error {
	_, err := parse(address)
	return err
}

const wellFormed = "like postgres://user@host/database?sslmode=verify-full"

// parse reads an address. What leads to another database than the address says is
// refused: it must name the host (or the folder of the socket) and the database
// itself, for which the library would otherwise take whatever is on this machine.
func parse(address string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil { // it may repeat a password
		return nil, errors.New("want a database address " + wellFormed)
	}
	given := namedIn(address)
	for host := range strings.SplitSeq(given["host"], ",") {
		if strings.TrimSpace(host) == "" {
			return nil, errors.New("the database address names no host: want one " + wellFormed)
		}
	}
	switch {
	case given["service"] != "":
		return nil, errors.New("the database address names a service: want one " + wellFormed)
	case strings.TrimSpace(given["dbname"]) == "":
		return nil, errors.New("the database address names no database: want one " + wellFormed)
	}
	return config, requireTLS(config.ConnConfig)
}

var (
	urlPattern  = regexp.MustCompile(`^postgres(?:ql)?://(?:[^@/]*@)?([^/?]*)(?:/([^?]*))?(?:\?(.*))?$`)
	portPattern = regexp.MustCompile(`:\d*(,|$)`)
	wordPattern = regexp.MustCompile(`([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))`)
)

// namedIn returns what a well-formed address itself says of host, dbname and service.
func namedIn(address string) map[string]string {
	given := make(map[string]string)
	set := func(key, value string) {
		if key == "database" { // the library's other word
			key = "dbname"
		}
		given[key] = value // the last one counts
	}
	parts := urlPattern.FindStringSubmatch(address)
	if parts == nil {
		for _, word := range wordPattern.FindAllStringSubmatch(address, -1) {
			set(word[1], word[2]+word[3])
		}
		return given
	}
	set("host", portPattern.ReplaceAllString(parts[1], "$1"))
	set("dbname", parts[2])
	query, _ := url.ParseQuery(parts[3]) // what it cannot read is not named
	for key, values := range query {
		set(key, values[len(values)-1])
	}
	return given
}

// variable is what the library would fill an address up with, but for PG_BINDIR,
// which is a setting of ours.
var variable = regexp.MustCompile(`^PG[A-Z]+(_TIMEOUT)?=`)

// ForgetVariables removes PGHOST, PGPORT, PGSERVICE and the like from the environment
// of this process: only its address says which database is meant. Call it at the
// start of main.
func ForgetVariables() error {
	var errs []error
	for _, entry := range os.Environ() {
		if variable.MatchString(entry) {
			name, _, _ := strings.Cut(entry, "=")
			errs = append(errs, os.Unsetenv(name))
		}
	}
	return errors.Join(errs...)
}

// requireTLS refuses a connection to another machine that does not verify the
// server's identity.
func requireTLS(config *pgx.ConnConfig) error {
	type end struct {
		host string
		tls  *tls.Config
	}
	ends := []end{{config.Host, config.TLSConfig}}
	for _, f := range config.Fallbacks {
		ends = append(ends, end{f.Host, f.TLSConfig})
	}
	for _, e := range ends {
		if !local(e.host) && (e.tls == nil || e.tls.InsecureSkipVerify) {
			return fmt.Errorf("database address: host %s is another machine; add sslmode=verify-full", e.host)
		}
	}
	return nil
}

// local reports whether a host is this machine: a socket or a loopback address.
func local(host string) bool {
	address, err := netip.ParseAddr(host)
	return filepath.IsAbs(host) || host == "localhost" || err == nil && address.IsLoopback()
}
