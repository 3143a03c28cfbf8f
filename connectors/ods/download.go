package ods

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// DownloadsURL is the address from which reports are downloaded, without a key
// (CONTRACT.md "Downloads").
const DownloadsURL = "https://www.odsdatasearchandexport.nhs.uk"

// MaxListing is the largest report accepted, downloaded or given as a file, in
// bytes; the largest real one has 10 MB.
const MaxListing = 1 << 30

// ErrNotModified is returned by Pull if the report still has the given entity
// tag. It does not count as a look at the register
// (reconcile/RULES.md "Looks").
var ErrNotModified = errors.New("report not modified")

// Downloads pulls complete reports over HTTP.
type Downloads struct {
	endpoint *url.URL
	client   *httpx.Client
}

// DownloadOptions configure Downloads.
type DownloadOptions struct {
	URL    string       // base address, DownloadsURL or a simulator's
	Limits httpx.Limits // default 10 minutes and MaxListing
}

// NewDownloads returns Downloads, or an error if the address is not valid.
func NewDownloads(o DownloadOptions) (*Downloads, error) {
	address, err := parseBase(o.URL)
	if err != nil {
		return nil, fmt.Errorf("address of ODS downloads: %w", err)
	}
	return &Downloads{
		endpoint: address.JoinPath("api", "getReport"),
		client: httpx.New(httpx.Options{
			Name: "ODS downloads", Limits: o.Limits.Or(httpx.Limits{Timeout: 10 * time.Minute, MaxBytes: MaxListing}),
		}),
	}, nil
}

func parseBase(base string) (*url.URL, error) {
	address, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	if address.Scheme != "https" && address.Scheme != "http" || address.Host == "" {
		return nil, fmt.Errorf("%q: want https://host/path", base)
	}
	address.RawQuery, address.Fragment = "", ""
	return address, nil
}

// Pull downloads one complete report, unless it still has this etag
// (ErrNotModified); with an empty etag it is always downloaded. It returns the
// listing, to be closed, and its entity tag, which may be empty.
//
// A *httpx.StatusError with Permanent says that the report's name or the
// request is wrong; a body shorter than announced is an error, and content that
// is not the report a *profile.RefusedError: neither is ever a listing.
func (d *Downloads) Pull(ctx context.Context, report, etag string, options ...ListingOption) (l *Listing, newETag string, err error) {
	if _, err := reportNamed(report); err != nil {
		return nil, "", err
	}
	newETag, err = d.pull(ctx, report, etag, func(address string, body io.Reader) (err error) {
		l, err = OpenListing(address, report, body, options...)
		return err
	})
	return l, newETag, err
}

// PullCommissioners downloads the boards of commissioners, as Pull does a report.
func (d *Downloads) PullCommissioners(ctx context.Context, etag string) (c *Commissioners, newETag string, err error) {
	newETag, err = d.pull(ctx, ReportOfCommissioners, etag, func(address string, body io.Reader) (err error) {
		c, err = ReadCommissioners(address, body)
		return err
	})
	return c, newETag, err
}

// Try returns nil if the service offers a report, whose body it does not read.
func (d *Downloads) Try(ctx context.Context, report string) error {
	_, err := d.pull(ctx, report, "", func(string, io.Reader) error { return nil })
	return err
}

// reading reads a body that came from an address.
type reading func(address string, body io.Reader) error

func (d *Downloads) pull(ctx context.Context, report, etag string, read reading) (newETag string, err error) {
	address := *d.endpoint
	address.RawQuery = url.Values{"report": {report}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return "", fmt.Errorf("pulling report %s: %w", report, err)
	}
	req.Header.Set("Accept", "text/csv")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return "", pullError(report, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read, or is not needed
	if resp.StatusCode == http.StatusNotModified {
		return etag, ErrNotModified
	}
	// A body shorter than its Content-Length, or without its last chunk, makes
	// reading it fail: net/http checks that.
	if err := read(httpx.SafeURL(resp.Request.URL), resp.Body); err != nil {
		return "", fmt.Errorf("pulling report %s: %w", report, err)
	}
	return resp.Header.Get("ETag"), nil
}

func pullError(report string, err error) error {
	if status, ok := errors.AsType[*httpx.StatusError](err); ok && status.Permanent() {
		return fmt.Errorf("pulling report %s: the service does not offer it under this address, check both: %w", report, err)
	}
	return fmt.Errorf("pulling report %s: %w", report, err)
}
