package website

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// SearchURL is the production address of Service Search v3
// (CONTRACT.md "Service Search").
const SearchURL = "https://api.service.nhs.uk/service-search-api/"

// Options configure the sink.
type Options struct {
	URL string // base address of the write API, without /organisation-profiles
	// Key returns the apikey header for each request; nil sends none.
	Key func() (string, error)
	// SearchURL is the address of Service Search v3, SearchURL or a simulator's;
	// empty: profiles are read one by one.
	SearchURL string
	// Limits apply to pushing, and separately to reading and searching. Default: 100
	// requests a second, the fair use of its search (CONTRACT.md "Limits").
	Limits httpx.Limits
}

func (o Options) client(name string, attempts int, pass func(status int) bool) *httpx.Client {
	limits := o.Limits.Or(httpx.Limits{PerSecond: 100})
	limits.Attempts = attempts
	return httpx.New(httpx.Options{
		Name: name, Limits: limits, Burst: 10, Pass: pass, CorrelationHeader: "X-Correlation-Id",
	})
}

// Sink is the public website. It may be used concurrently.
type Sink struct {
	base   *url.URL
	search *url.URL // nil: not configured
	key    func() (string, error)
	push   *httpx.Client // sends each request once: jobs read back before they repeat
	read   *httpx.Client
}

// New checks the addresses.
func New(o Options) (*Sink, error) {
	base, err := parseBase(o.URL)
	if err != nil {
		return nil, fmt.Errorf("address of the website: %w", err)
	}
	s := &Sink{base: base, key: o.Key}
	if o.SearchURL != "" {
		if s.search, err = parseBase(o.SearchURL); err != nil {
			return nil, fmt.Errorf("address of the website's search: %w", err)
		}
	}
	s.push = o.client("website", 1, isBodyRead)
	s.read = o.client("website (reading)", o.Limits.Attempts, isAbsent)
	return s, nil
}

// isBodyRead reports whether the body of an answer to a push is read.
func isBodyRead(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone,
		http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusPreconditionRequired:
		return true
	}
	return false
}

// isAbsent reports whether an answer says that there is no such profile.
func isAbsent(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

func parseBase(address string) (*url.URL, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q: want http(s)://host/path", address)
	}
	return base, nil
}

// fields returns the fields that the website shows for a type. All of them can be
// read back.
func fields(t profile.OrgType) []profile.Field {
	shown := []profile.Field{
		profile.FieldName, profile.FieldType, profile.FieldStatus, profile.FieldHidden, profile.FieldAddress,
		profile.FieldPostcode, parentField(t), profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite,
		profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldServices, profile.FieldFacilities,
	}
	if t == profile.Trust || t == profile.TrustSite {
		shown = append(shown, profile.FieldERSServices)
	}
	return shown
}

// Route returns the one route, for every type that can have a profile. An update
// changes only what it states.
func (s *Sink) Route(t profile.OrgType) (push.Route, bool) {
	if _, ok := kinds[t]; !ok {
		return push.Route{}, false
	}
	return push.Route{Name: "profile", Fields: fields(t), Readable: fields(t), Omittable: fields(t), HasEntityTags: true}, true
}
