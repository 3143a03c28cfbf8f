package outside

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Systems are all the simulated systems. Each has a listener of its own, because
// the ledgers and controls of DoS and of the website have the same paths.
type Systems struct {
	Register  *odstest.World // the organisations
	dos       *dostest.Server
	website   *websitetest.Server
	ers       *erstest.Server
	Referrals *erstest.World // the services of e-RS

	// The base addresses, set by Open.
	RegisterURL, DoSURL, WebsiteURL, ERSURL string
	servers                                 []*http.Server
}

// Key is the key and password of the simulated systems; it opens nothing else.
const Key = "made-up-key"

// ReadUser is the user name for reading DoS.
const ReadUser = "reader"

// New makes DoS, the website and e-RS for a register. DoS and the website require
// the key, unless it is empty; all three take the time from now.
func New(register *odstest.World, key string, now func() time.Time) (*Systems, error) {
	referrals, err := NewReferrals(1, register)
	if err != nil {
		return nil, err
	}
	options := dostest.Options{APIKey: key, Password: key, Variants: true, Now: now}
	if key != "" {
		options.User = ReadUser
	}
	s := &Systems{
		Register: register, dos: dostest.New(options),
		website: websitetest.New(websitetest.Options{APIKey: key, Now: now}), Referrals: referrals,
		ers: erstest.New(erstest.Options{World: referrals, Type: erstest.TypeMixed, Extras: true, Now: now}),
	}
	return s, s.SeedDoS()
}

// SeedDoS adds the pharmacies and GP practices that DoS does not know yet. The
// real DoS learns of new ones by its own means, never from profilesync.
func (s *Systems) SeedDoS() error {
	for _, report := range []string{Pharmacies, Practices} {
		facts, err := s.Register.Facts(report)
		if err != nil {
			return err
		}
		for _, fact := range facts {
			switch {
			case !HasProfile(report, fact.Roles):
			case report == Pharmacies:
				s.dos.Seed(fact.Code)
			default:
				s.dos.SeedOrganization(fact.Code, "")
			}
		}
	}
	return nil
}

// ActivePharmacy is the code of a pharmacy with a profile; empty if there is none.
func (s *Systems) ActivePharmacy() string {
	facts, _ := s.Register.Facts(Pharmacies) // the only error is a report that does not exist
	for _, fact := range facts {
		if HasProfile(Pharmacies, fact.Roles) && fact.Standing == profile.Active {
			return fact.Code
		}
	}
	return ""
}

// Open serves the register at an address, and DoS, the website and e-RS on the
// next three ports, until Close. With port 0 each gets a free port.
func (s *Systems) Open(ctx context.Context, address string) error {
	for i, system := range []struct {
		url     *string
		handler http.Handler
	}{{&s.RegisterURL, s.site()}, {&s.DoSURL, s.dos.Handler()}, {&s.WebsiteURL, s.website.Handler()}, {&s.ERSURL, s.ers.Handler()}} {
		url, err := s.listen(ctx, portAfter(address, i), system.handler)
		if err != nil {
			s.Close()
			return fmt.Errorf("serving the simulated systems: %w", err)
		}
		*system.url = url
	}
	return nil
}

func (s *Systems) listen(ctx context.Context, address string, handler http.Handler) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(listener) }() // ends at Close; clients notice a broken listener
	return "http://" + listener.Addr().String(), nil
}

// portAfter is the address some ports later. Port 0 stays 0, and an invalid
// address stays as it is for the listener to refuse.
func portAfter(address string, steps int) string {
	host, text, err := net.SplitHostPort(address)
	port, bad := strconv.Atoi(text)
	if err != nil || bad != nil || port == 0 {
		return address
	}
	return net.JoinHostPort(host, strconv.Itoa(port+steps))
}

// Close stops serving.
func (s *Systems) Close() {
	for _, server := range s.servers {
		_ = server.Close()
	}
}

// RegisterAPI is the address of the FHIR API of the register.
func (s *Systems) RegisterAPI() string { return s.RegisterURL + odstest.FHIRPath }

// DoSIngest is the address of the FHIR ingest of DoS.
func (s *Systems) DoSIngest() string { return s.DoSURL + dostest.FHIRPath }

// WebsiteSearch is the address of the search API of the website.
func (s *Systems) WebsiteSearch() string { return s.WebsiteURL + websitetest.SearchPath }

// ERSAPI is the address of the API of e-RS.
func (s *Systems) ERSAPI() string { return s.ERSURL + erstest.BasePath }

// ERSExtract is the address of the EBSX05 extract of the month.
func (s *Systems) ERSExtract() string {
	return s.ERSURL + "/control/extract?month=" + s.Register.Day().String()[:7]
}
