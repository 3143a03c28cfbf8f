package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/people"
)

// ProductionURL is the address of the service. There is no other: what is not
// meant for people goes there with a test key
// (CONTRACT.md "Keys and test addresses").
const ProductionURL = "https://api.notifications.service.gov.uk"

// perSecond is the pace of a client of its own: Notify's bucket of 1,000 is
// refilled with 50 a second (CONTRACT.md "Limits").
const perSecond = 40

// Options configure the client.
type Options struct {
	BaseURL string // ProductionURL or a simulator's; empty: ProductionURL
	// APIKey is asked at each request, so that a new key is used as soon as it is
	// there: {name}-{service id}-{secret}.
	APIKey func() (string, error)
	// Templates are the ids (UUIDs) of the templates in Notify, one for each of
	// people.LetterKinds.
	Templates map[people.LetterKind]string
	ReplyTo   string // id (UUID) of a reply-to address in Notify; empty: the service's own
	// Turn is waited for before each request that sends: the pace that all
	// processes share. nil: at most 40 a second by this client.
	Turn   func(context.Context) error
	Now    func() time.Time // of tokens and waits; nil: time.Now
	Limits httpx.Limits     // each request is sent once, and Turn is its pace, whatever stands here
}

// Client is GOV.UK Notify. It may be used concurrently.
type Client struct {
	base    *url.URL
	options Options
	send    *httpx.Client
	read    *httpx.Client // apart, so that its breaker does not keep letters from being looked up
}

// New checks the options. Its error names every template that is missing.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = ProductionURL
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.User != nil || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("address of GOV.UK Notify: want http(s)://host")
	}
	if err := errors.Join(checkTemplates(o.Templates), checkReplyTo(o.ReplyTo), checkKey(o.APIKey)); err != nil {
		return nil, fmt.Errorf("GOV.UK Notify: %w", err)
	}
	if o.Turn == nil {
		o.Turn = rate.NewLimiter(perSecond, 1).Wait
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{base: base, options: o, send: o.http("GOV.UK Notify"), read: o.http("GOV.UK Notify (reading)")}, nil
}

func checkTemplates(templates map[people.LetterKind]string) error {
	var wrong []string
	for _, kind := range people.LetterKinds() {
		if !isUUID(templates[kind]) {
			wrong = append(wrong, string(kind))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("no template id (a UUID) for %s", strings.Join(wrong, ", "))
	}
	return nil
}

func checkReplyTo(id string) error {
	if id != "" && !isUUID(id) {
		return errors.New("the reply-to id is no UUID: it is not the address itself")
	}
	return nil
}

func checkKey(ask func() (string, error)) error {
	if ask == nil {
		return errors.New("no API key")
	}
	text, err := ask()
	if err != nil {
		return fmt.Errorf("its API key: %w", err)
	}
	if _, err = parseKey(text); err != nil {
		return fmt.Errorf("its API key: %w", err)
	}
	return nil
}

// http makes a client without retries: a token does not last as long as they
// would. It has no pace, because turns have it.
func (o Options) http(name string) *httpx.Client {
	limits := o.Limits
	limits.Attempts, limits.PerSecond = 1, float64(rate.Inf)
	return httpx.New(httpx.Options{Name: name, Limits: limits, Pass: explained, Now: o.Now})
}

// explained are the answers whose bodies are read.
func explained(status int) bool {
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusRequestTimeout
}

// Lookup reports that letters can be found by their reference.
func (*Client) Lookup() bool { return true }
