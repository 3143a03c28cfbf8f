package calendar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/people"
)

// URL is where the list is published.
const URL = "https://www.gov.uk/bank-holidays.json"

// maxBody is how many bytes of the list we read at most; it has 15 to 35 KB.
const maxBody = 1 << 20

// Options configure the feed.
type Options struct {
	URL       string            // of the list; default URL
	Attempts  int               // of one pull; default 4
	Transport http.RoundTripper // instead of the network, for tests
}

// Feed reads the list. It may be used concurrently.
type Feed struct {
	url    string
	client *httpx.Client

	mu   sync.Mutex
	etag string // of last; empty if there is none
	last []people.Holiday
}

// New checks the options; it sends nothing.
func New(o Options) (*Feed, error) {
	if o.URL == "" {
		o.URL = URL
	}
	address, err := url.Parse(o.URL)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" || address.User != nil {
		return nil, errors.New("address of the bank holidays: want http(s)://host/path")
	}
	return &Feed{
		url: o.URL,
		client: httpx.New(httpx.Options{
			Name: "bank holidays", Limits: httpx.Limits{Attempts: o.Attempts, MaxBytes: maxBody}, Transport: o.Transport,
		}),
	}, nil
}

// Pull returns the holidays of England and Wales that the list holds now, in its
// order, each day once. The titles of substitute days say so. The request carries
// the entity tag of the last list, so that an unchanged list is not sent again.
//
// After an error nothing is known about any day. If the list made no sense, the
// error names the event and the field. Temporary failures have been retried.
func (f *Feed) Pull(ctx context.Context) ([]people.Holiday, error) {
	f.mu.Lock()
	etag, last := f.etag, f.last
	f.mu.Unlock()

	answer, err := f.ask(ctx, etag)
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking for the bank holidays: %w", err)
	case answer.Status == http.StatusNotModified && etag != "":
		return slices.Clone(last), nil
	case answer.Status != http.StatusOK:
		return nil, fmt.Errorf("asking for the bank holidays: status %d, want 200", answer.Status)
	}
	days, err := decode(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the bank holidays: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.etag, f.last = answer.Header.Get("ETag"), days
	return slices.Clone(days), nil
}

func (f *Feed) ask(ctx context.Context, etag string) (*httpx.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	return f.client.Fetch(req)
}
