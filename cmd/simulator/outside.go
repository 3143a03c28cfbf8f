package main

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
type outside struct {
	world     *odstest.World
	dos       *dostest.Server
	website   *websitetest.Server
	ers       *erstest.Server
	referrals *erstest.World // of ers

	// The addresses, once it is open.
	registerURL, dosURL, websiteURL, ersURL string
	servers                                 []*http.Server
}

// reader is the user who may read DoS.
const reader = "reader"

// newOutside makes DoS, the website and e-RS to a register. The first two want
// the key, and all take the day from the clock.
func newOutside(world *odstest.World, key string, now func() time.Time) (*outside, error) {
	referrals, err := newReferrals(1, world)
	if err != nil {
		return nil, err
	}
	options := dostest.Options{APIKey: key, Password: key, Variants: true, Now: now}
	if key != "" {
		options.User = reader
	}
	o := &outside{
		world: world, dos: dostest.New(options),
		website: websitetest.New(websitetest.Options{APIKey: key, Now: now}), referrals: referrals,
		ers: erstest.New(erstest.Options{World: referrals, Type: erstest.TypeMixed, Extras: true, Now: now}),
	}
	return o, o.seed()
}

// seed tells DoS the pharmacies and GP practices that it does not know yet: it
// learns of new ones by ways of its own, never from us.
func (o *outside) seed() error {
	for _, report := range []string{pharmacies, practices} {
		facts, err := o.world.Facts(report)
		if err != nil {
			return err
		}
		for _, fact := range facts {
			switch {
			case !kept(report, fact.Roles):
			case report == pharmacies:
				o.dos.Seed(fact.Code)
			default:
				o.dos.SeedOrganization(fact.Code, "")
			}
		}
	}
	return nil
}

// activePharmacy is one that has a profile; empty where there is none.
func (o *outside) activePharmacy() string {
	facts, _ := o.world.Facts(pharmacies) // the only error is a report that does not exist
	for _, fact := range facts {
		if kept(pharmacies, fact.Roles) && fact.Standing == profile.Active {
			return fact.Code
		}
	}
	return ""
}

// open serves the register on an address, DoS, the website and e-RS on the next
// three ports, until close.
func (o *outside) open(ctx context.Context, address string) error {
	for i, system := range []struct {
		url     *string
		handler http.Handler
	}{{&o.registerURL, o.site()}, {&o.dosURL, o.dos.Handler()}, {&o.websiteURL, o.website.Handler()}, {&o.ersURL, o.ers.Handler()}} {
		url, err := o.listen(ctx, portAfter(address, i), system.handler)
		if err != nil {
			o.close()
			return fmt.Errorf("serving the simulated systems: %w", err)
		}
		*system.url = url
	}
	return nil
}

func (o *outside) listen(ctx context.Context, address string, handler http.Handler) (url string, err error) {
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

func (o *outside) close() {
	for _, server := range o.servers {
		_ = server.Close()
	}
}

// api, ingest, search and referral are what profilesync is to be pointed at, besides the
// addresses themselves.
func (o *outside) api() string      { return o.registerURL + odstest.FHIRPath }
func (o *outside) ingest() string   { return o.dosURL + dostest.FHIRPath }
func (o *outside) search() string   { return o.websiteURL + websitetest.SearchPath }
func (o *outside) referral() string { return o.ersURL + erstest.BasePath }

// ebsx05 is where the extract of the month is given.
func (o *outside) ebsx05() string {
	return o.ersURL + "/control/extract?month=" + o.world.Day().String()[:7]
}

// apiKey is what the simulated systems want; it opens nothing else.
const apiKey = "made-up-key"
