package guard

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"
)

// Limits bound what callers may ask for. Rates are requests per second, each with what may
// come at once after a silence.
type Limits struct {
	PrincipalRate  float64 // of one principal
	PrincipalBurst int
	AddressRate    float64 // of one address that shows no token and no session that was known a moment ago
	AddressBurst   int
	UnknownRate    float64 // of all such tokens and sessions together: each costs a look into the database
	UnknownBurst   int
	AtOnce         int // requests that are answered at the same time, half of them to one caller
	Streams        int // and streams of events, likewise
}

func (l Limits) orDefaults() Limits {
	return Limits{
		PrincipalRate: cmp.Or(l.PrincipalRate, 50), PrincipalBurst: cmp.Or(l.PrincipalBurst, 100),
		AddressRate: cmp.Or(l.AddressRate, 10), AddressBurst: cmp.Or(l.AddressBurst, 50),
		UnknownRate: cmp.Or(l.UnknownRate, 50), UnknownBurst: cmp.Or(l.UnknownBurst, 100),
		AtOnce: cmp.Or(l.AtOnce, 32), Streams: cmp.Or(l.Streams, 128),
	}
}

const (
	// mostLimiters is how many principals, and how many addresses, are told apart; of more,
	// those that were silent longest begin anew.
	mostLimiters = 4096
	retryAfter   = time.Second
	// Of what one principal is forbidden to do, so many attempts a minute are audited, after
	// so many at once; all are counted.
	forbiddenRate, forbiddenBurst = 1.0 / 60, 5
)

type limiters struct {
	principals, addresses *rates
	unknown               *rate.Limiter
	atOnce, streams       *places
	forbidden             *rates // by principal and operation
}

func newLimiters(l Limits) limiters {
	return limiters{
		principals: newRates(l.PrincipalRate, l.PrincipalBurst), addresses: newRates(l.AddressRate, l.AddressBurst),
		unknown: rate.NewLimiter(rate.Limit(l.UnknownRate), l.UnknownBurst),
		atOnce:  &places{most: l.AtOnce, by: make(map[string]int)},
		streams: &places{most: l.Streams, by: make(map[string]int)}, forbidden: newRates(forbiddenRate, forbiddenBurst),
	}
}

// rates limits the requests of each of many.
type rates struct {
	limit rate.Limit
	burst int

	mutex sync.Mutex
	by    map[string]*list.Element // of *oneRate
	order list.List                // the longest silent first
}

type oneRate struct {
	of      string
	limiter *rate.Limiter
}

func newRates(limit float64, burst int) *rates {
	return &rates{limit: rate.Limit(limit), burst: burst, by: make(map[string]*list.Element)}
}

// allow reports whether one may have a request now, and counts it if so.
func (r *rates) allow(who string, now time.Time) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	element, found := r.by[who]
	if !found {
		if r.order.Len() >= mostLimiters {
			oldest := r.order.Front()
			delete(r.by, r.order.Remove(oldest).(*oneRate).of) //nolint:forcetypeassert // the list has nothing else
		}
		element = r.order.PushBack(&oneRate{who, rate.NewLimiter(r.limit, r.burst)})
		r.by[who] = element
	}
	r.order.MoveToBack(element)
	return element.Value.(*oneRate).limiter.AllowN(now, 1) //nolint:forcetypeassert // as above
}

// limitRate refuses whoever asks too often, before the database is asked anything: a
// principal by his name if what he shows was known a moment ago, and others by address.
func (g *Guard) limitRate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := g.Now()
		shown := g.credentialOf(r)
		var allowed bool
		if name := g.known.nameOf(shown, now); name != "" {
			allowed = g.limits.principals.allow(name, now)
		} else {
			allowed = g.limits.addresses.allow(addressOf(r), now) && (shown.kind == nothing || g.limits.unknown.AllowN(now, 1))
		}
		if !allowed {
			refuseForNow(w, r, http.StatusTooManyRequests, "too many requests: slow down")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// places limits how much is done at the same time.
type places struct {
	most int

	mutex sync.Mutex
	taken int
	by    map[string]int // how many each has; nobody has none
}

// take reports whether one may have a place, and takes it if so.
func (p *places) take(who string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.taken >= p.most || p.by[who] >= max(1, p.most/2) {
		return false
	}
	p.taken++
	p.by[who]++
	return true
}

// give gives a place back.
func (p *places) give(who string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.taken--
	if p.by[who]--; p.by[who] == 0 {
		delete(p.by, who)
	}
}

// limitAtOnce refuses a request at once while as many are being answered as may be, or half
// as many to the same caller.
func (g *Guard) limitAtOnce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		place := &place{of: g.limits.atOnce, who: cmp.Or(g.known.nameOf(g.credentialOf(r), g.Now()), addressOf(r))}
		if !place.of.take(place.who) {
			refuseForNow(w, r, http.StatusServiceUnavailable, "too many requests are being answered: try again in a moment")
			return
		}
		callOf(r.Context()).place = place
		defer func() { place.of.give(place.who) }()
		next.ServeHTTP(w, r)
	})
}

// place is the place that a request has taken.
type place struct {
	of  *places
	who string
}

// ErrStreams means that too many streams are open, of all callers or of this one.
var ErrStreams = errors.New("too many streams of events are open: try again in a moment")

// AsStream gives a request a place among the streams of events, which last, instead of the
// one that it has among all others.
func AsStream(ctx context.Context) error {
	c, guarded := ctx.Value(callKey{}).(*call)
	if !guarded {
		return nil
	}
	streams := c.guard.limits.streams
	if !streams.take(c.place.who) {
		c.result = Limited
		return ErrStreams
	}
	c.place.of.give(c.place.who)
	c.place.of = streams
	return nil
}

// onlyText refuses an address with what no text has, which neither the database nor a file
// system takes.
func onlyText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err == nil && !isText(query) || !isText(r.URL.Path) {
			Problem(w, r, http.StatusBadRequest, "the address contains invalid characters")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func refuseForNow(w http.ResponseWriter, r *http.Request, status int, detail string) {
	callOf(r.Context()).result = Limited
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	Problem(w, r, status, detail)
}
