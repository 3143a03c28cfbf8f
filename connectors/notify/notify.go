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

// ProductionURL is the address of the service. There is no other: mail that is not
// meant for people is sent there with a test key
// (CONTRACT.md "Keys and test addresses").
const ProductionURL = "https://api.notifications.service.gov.uk"

// perSecond is the pace of a client without Turn: Notify's bucket of 1,000 is
// refilled with 50 a second (CONTRACT.md "Limits").
const perSecond = 40

// Options configure the client.
type Options struct {
	BaseURL string // ProductionURL or a simulator's; empty: ProductionURL
	// APIKey is called for each request, so that a new key is used at once. It
	// returns {name}-{service id}-{secret}.
	APIKey func() (string, error)
	// Templates are the ids (UUIDs) of the templates in Notify, one for each of
	// people.LetterKinds.
	Templates map[people.LetterKind]string
	ReplyTo   string // id (UUID) of a reply-to address in Notify; empty: the service's own
	// Turn is called before each request that sends, and waits for its turn in the
	// pace that all processes share. nil: at most 40 a second by this client.
	Turn   func(context.Context) error
	Now    func() time.Time // of tokens and waits; nil: time.Now
	Limits httpx.Limits     // its attempts and pace are ignored: each request is sent once, and Turn sets the pace
}

// Client is a client of GOV.UK Notify. It may be used concurrently.
type Client struct {
	base    *url.URL
	options Options
	send    *httpx.Client
	read    *httpx.Client // separate, so that letters can be looked up while the other's breaker is open
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
	if err := errors.Join(CheckTemplates(o.Templates), checkReplyTo(o.ReplyTo), askKey(o.APIKey)); err != nil {
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

// CheckTemplates names every kind of letter that lacks the id of a template.
func CheckTemplates(templates map[people.LetterKind]string) error {
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
		return errors.New("the reply-to id is not a UUID: do not use the address itself")
	}
	return nil
}

func askKey(ask func() (string, error)) error {
	if ask == nil {
		return errors.New("no API key")
	}
	text, err := ask()
	if err != nil {
		return fmt.Errorf("its API key: %w", err)
	}
	if err := CheckKey(text); err != nil {
		return fmt.Errorf("its API key: %w", err)
	}
	return nil
}

// CheckKey returns ErrKey unless the text is an API key.
func CheckKey(text string) error {
	_, err := parseKey(text)
	return err
}

// http makes a client without retries, which would outlast a token, and without a
// pace, which Turn sets.
func (o Options) http(name string) *httpx.Client {
	limits := o.Limits
	limits.Attempts, limits.PerSecond = 1, float64(rate.Inf)
	return httpx.New(httpx.Options{Name: name, Limits: limits, Pass: isBodyRead, Now: o.Now})
}

// isBodyRead reports whether the body of an answer is read.
func isBodyRead(status int) bool {
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusRequestTimeout
}

// Lookup reports that Find can find letters.
func (*Client) Lookup() bool { return true }
