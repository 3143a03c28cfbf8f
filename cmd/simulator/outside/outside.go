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

// outside is all simulated systems. Each gets a listener of its own: the ledgers
// and switches of DoS and of the website have the same paths.
type Systems struct {
	Register  *odstest.World
	dos       *dostest.Server
	website   *websitetest.Server
	ers       *erstest.Server
	Referrals *erstest.World // of ers

	// The addresses, once it is open.
	RegisterURL, DoSURL, WebsiteURL, ERSURL string
	servers                                 []*http.Server
}

// reader is the user who may read DoS.
const ReadUser = "reader"

// newOutside makes DoS, the website and e-RS to a register. The first two want
// the key, and all take the day from the clock.
func New(world *odstest.World, key string, now func() time.Time) (*Systems, error) {
	referrals, err := NewReferrals(1, world)
	if err != nil {
		return nil, err
	}
	options := dostest.Options{APIKey: key, Password: key, Variants: true, Now: now}
	if key != "" {
		options.User = ReadUser
	}
	o := &Systems{
		Register: world, dos: dostest.New(options),
		website: websitetest.New(websitetest.Options{APIKey: key, Now: now}), Referrals: referrals,
		ers: erstest.New(erstest.Options{World: referrals, Type: erstest.TypeMixed, Extras: true, Now: now}),
	}
	return o, o.SeedDoS()
}

// seed tells DoS the pharmacies and GP practices that it does not know yet: it
// learns of new ones by ways of its own, never from us.
func (o *Systems) SeedDoS() error {
	for _, report := range []string{Pharmacies, Practices} {
		facts, err := o.Register.Facts(report)
		if err != nil {
			return err
		}
		for _, fact := range facts {
			switch {
			case !HasProfile(report, fact.Roles):
			case report == Pharmacies:
				o.dos.Seed(fact.Code)
			default:
				o.dos.SeedOrganization(fact.Code, "")
			}
		}
	}
	return nil
}

// activePharmacy is one that has a profile; empty where there is none.
func (o *Systems) ActivePharmacy() string {
	facts, _ := o.Register.Facts(Pharmacies) // the only error is a report that does not exist
	for _, fact := range facts {
		if HasProfile(Pharmacies, fact.Roles) && fact.Standing == profile.Active {
			return fact.Code
		}
	}
	return ""
}

// open serves the register on an address, DoS, the website and e-RS on the next
// three ports, until close.
func (o *Systems) Open(ctx context.Context, address string) error {
	for i, system := range []struct {
		url     *string
		handler http.Handler
	}{{&o.RegisterURL, o.site()}, {&o.DoSURL, o.dos.Handler()}, {&o.WebsiteURL, o.website.Handler()}, {&o.ERSURL, o.ers.Handler()}} {
		url, err := o.listen(ctx, portAfter(address, i), system.handler)
		if err != nil {
			o.Close()
			return fmt.Errorf("serving the simulated systems: %w", err)
		}
		*system.url = url
	}
	return nil
}

func (o *Systems) listen(ctx context.Context, address string, handler http.Handler) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	o.servers = append(o.servers, server)
	go func() { _ = server.Serve(listener) }() // it ends with close; a broken listener is seen by its clients
	return "http://" + listener.Addr().String(), nil
}

// portAfter is an address with a later port; 0 stays, and so does what is no
// address, for the listener to refuse.
func portAfter(address string, steps int) string {
	host, text, err := net.SplitHostPort(address)
	port, bad := strconv.Atoi(text)
	if err != nil || bad != nil || port == 0 {
		return address
	}
	return net.JoinHostPort(host, strconv.Itoa(port+steps))
}

func (o *Systems) Close() {
	for _, server := range o.servers {
		_ = server.Close()
	}
}

// api, ingest, search and referral are what profilesync is to be pointed at, besides the
// addresses themselves.
func (o *Systems) RegisterAPI() string   { return o.RegisterURL + odstest.FHIRPath }
func (o *Systems) DoSIngest() string     { return o.DoSURL + dostest.FHIRPath }
func (o *Systems) WebsiteSearch() string { return o.WebsiteURL + websitetest.SearchPath }
func (o *Systems) ERSAPI() string        { return o.ERSURL + erstest.BasePath }

// ebsx05 is where the extract of the month is given.
func (o *Systems) ERSExtract() string {
	return o.ERSURL + "/control/extract?month=" + o.Register.Day().String()[:7]
}

// apiKey is what the simulated systems want; it opens nothing else.
const Key = "made-up-key"
