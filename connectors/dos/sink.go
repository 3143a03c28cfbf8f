package dos

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// EventOptions say where the change events of pharmacies go.
type EventOptions struct {
	URL    string                 // base address, without /v1/change-event; empty: pharmacies have no route
	Key    func() (string, error) // called before each push, so that a new key needs no restart
	Limits httpx.Limits           // default 40 a second, a tenth of the limit for all senders together, and 64 KiB
}

// ReadOptions say where the services of pharmacies are read
// (CONTRACT.md "Reading back").
type ReadOptions struct {
	URL      string // base address, without /app/controllers; empty: nothing is read
	User     string
	Password func() (string, error) // called before each read
	Limits   httpx.Limits           // default 5 a second, since DoS discourages crawling, and 4 MiB
}

// Options say which routes there are. Ingest is nil if GP practices have none.
type Options struct {
	Events EventOptions
	Read   ReadOptions
	Ingest *Ingest
}

// Sink is the Directory of Services. It may be used concurrently.
type Sink struct {
	events *events
	reader reader // nil if reading is switched off
	ingest *Ingest
}

// New refuses addresses that are not http or https URLs, missing secrets, and options
// without any route.
func New(options Options) (*Sink, error) {
	sink := &Sink{ingest: options.Ingest}
	if options.Events.URL == "" && options.Ingest == nil {
		return nil, errors.New("dos: neither change events nor ingest are configured")
	}
	if options.Read.URL != "" {
		base, err := baseAddress("reading", options.Read.URL)
		if err != nil {
			return nil, err
		}
		if options.Read.User == "" || options.Read.Password == nil {
			return nil, errors.New("dos: reading needs a user and a password")
		}
		sink.reader = newByODSCode(base, options.Read)
	}
	if options.Events.URL != "" {
		base, err := baseAddress("change events", options.Events.URL)
		if err != nil {
			return nil, err
		}
		if options.Events.Key == nil {
			return nil, errors.New("dos: change events need an API key")
		}
		sink.events = newEvents(base, options.Events)
	}
	return sink, nil
}

// baseAddress never repeats an address, which may hold a password.
func baseAddress(of, address string) (string, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" {
		return "", fmt.Errorf("dos: the address of %s: want https://host, without a query", of)
	}
	return strings.TrimRight(address, "/"), nil
}

// Route returns how profiles of a type reach DoS; only pharmacies and GP
// practices ever do (CONTRACT.md "Routes").
func (s *Sink) Route(t profile.OrgType) (route push.Route, ok bool) {
	switch {
	case t == profile.Pharmacy && s.events != nil:
		return s.pharmacies(), true
	case t == profile.GPPractice && s.ingest != nil:
		return s.ingest.Route(), true
	}
	return push.Route{}, false
}

// pharmacies returns the route of change events. Without a reader nothing is shown.
func (s *Sink) pharmacies() push.Route {
	route := push.Route{
		Name: "change-event",
		Fields: []profile.Field{
			profile.FieldName, profile.FieldAddress, profile.FieldPostcode, profile.FieldStatus, profile.FieldICB,
			profile.FieldPhone, profile.FieldWebsite, profile.FieldHidden,
			profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldServices,
		},
		OnlyLogged:        []profile.Field{profile.FieldName, profile.FieldICB}, // CONTRACT.md "The event"
		Omittable:         omittable(),
		KeptIfEmpty:       []profile.Field{profile.FieldOpeningTimes}, // CONTRACT.md "What bites"
		Services:          knownServices(),
		OmittableServices: []string{ids.PalliativeCare},
	}
	if s.reader != nil {
		route.Readable = s.reader.fields()
	}
	return route
}

// omittable lists the fields that an event leaves as they are if it leaves them out
// (CONTRACT.md "The event").
func omittable() []profile.Field {
	return []profile.Field{
		profile.FieldName, profile.FieldICB, profile.FieldStatus, profile.FieldHidden, profile.FieldOpeningTimes,
	}
}

// Push sends one delivery, once. For a pharmacy the receipt means accepted: DoS checks
// and applies it later, and does not report the result
// (CONTRACT.md "Silent refusals"). Errors are *push.SinkError.
func (s *Sink) Push(ctx context.Context, d push.Delivery) (push.Receipt, error) {
	switch {
	case d.Type == profile.Pharmacy && s.events != nil:
		return s.events.push(ctx, d)
	case d.Type == profile.GPPractice && s.ingest != nil:
		return s.ingest.Push(ctx, d)
	}
	return push.Receipt{}, noRoute(d.Code, d.Type)
}

// Show returns what DoS shows of an organisation: for a pharmacy one entry for each
// service that change events can change. Errors are *push.SinkError, or wrap
// push.ErrNotRead if reading is switched off.
func (s *Sink) Show(ctx context.Context, code profile.ODSCode, t profile.OrgType) (push.Shown, error) {
	switch {
	case t == profile.Pharmacy && s.events != nil:
		return s.showPharmacy(ctx, code)
	case t == profile.GPPractice && s.ingest != nil:
		return s.ingest.Show(ctx, code)
	}
	return push.Shown{}, noRoute(code, t)
}

// ShowMany is Show for many codes of one type, in the given order. A code that cannot
// be read, or a part of what DoS shows of it, is named in its Shown, and the rest goes
// on. It stops at the first error that concerns DoS as a whole.
func (s *Sink) ShowMany(ctx context.Context, codes []profile.ODSCode, t profile.OrgType) ([]push.Shown, error) {
	switch {
	case len(codes) == 0:
		return nil, nil
	case t == profile.GPPractice && s.ingest != nil:
		return s.ingest.ShowMany(ctx, codes)
	case t != profile.Pharmacy || s.events == nil:
		return nil, noRoute(codes[0], t)
	}
	return showEach(ctx, codes, s.showPharmacy)
}

func (s *Sink) showPharmacy(ctx context.Context, code profile.ODSCode) (push.Shown, error) {
	if s.reader == nil {
		return push.Shown{Code: code}, errNotReading
	}
	if len(code) != ids.CodeLength {
		return push.Shown{Code: code}, nil // DoS has no services that are certainly its own
	}
	services, err := s.reader.readServices(ctx, code)
	return s.shownOf(code, services, err)
}

var errNotReading = fmt.Errorf("dos: reading by ODS code is switched off: %w", push.ErrNotRead)

func noRoute(code profile.ODSCode, t profile.OrgType) *push.SinkError {
	return refusal(code, "no DoS route for organisation type %q", t)
}

// refusal returns our own error, before anything was sent.
func refusal(code profile.ODSCode, reason string, args ...any) *push.SinkError {
	return &push.SinkError{
		Sink: push.SinkDoS, Answer: push.AnswerRefused,
		Reason: code.String() + ": " + fmt.Sprintf(reason, args...),
	}
}

// asSinkError turns the error of a request into a sink error. The text of httpx holds
// neither bodies nor secrets.
func asSinkError(code profile.ODSCode, doing string, err error) *push.SinkError {
	failure := &push.SinkError{
		Sink: push.SinkDoS, Answer: push.AnswerUnclear,
		Reason: fmt.Sprintf("%s: %s: %v", code, doing, err),
	}
	if status, ok := errors.AsType[*httpx.StatusError](err); ok {
		failure.Answer, failure.Status, failure.Wait = push.AnswerTo(status.Status), status.Status, status.Wait()
	}
	if errors.Is(err, httpx.ErrOpen) {
		failure.Answer = push.AnswerDown
	}
	return failure
}
