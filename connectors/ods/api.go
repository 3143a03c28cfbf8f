package ods

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// APIURL is the production address of the FHIR R4 API (CONTRACT.md "FHIR API").
const APIURL = "https://api.service.nhs.uk/organisation-data-terminology-api/fhir"

// Page sizes: the recommended one, and the smallest one tried when an answer is
// refused for its size (CONTRACT.md "Errors").
const (
	defaultPage = 1000
	smallestOne = 20
)

// maxPages stops an endless chain of next links.
const maxPages = 20_000

// APIOptions configure the FHIR R4 API.
type APIOptions struct {
	URL      string                 // base address, APIURL or a simulator's
	Key      func() (string, error) // the value of the "apikey" header, called for each request; nil sends none
	Limits   httpx.Limits           // the defaults stay within fair use (CONTRACT.md "Limits")
	PageSize int                    // records per page, halved when an answer is too large; default 1000
}

// API reads the register's FHIR R4 API.
type API struct {
	base   *url.URL
	key    func() (string, error)
	client *httpx.Client
	page   int
}

// NewAPI returns an API, or an error if the address is not valid.
func NewAPI(o APIOptions) (*API, error) {
	base, err := parseBase(o.URL)
	if err != nil {
		return nil, fmt.Errorf("address of the ODS API: %w", err)
	}
	client := httpx.New(httpx.Options{Name: "ODS API", Limits: o.Limits})
	a := &API{base: base, key: o.Key, client: client, page: o.PageSize}
	if a.page <= 0 {
		a.page = defaultPage
	}
	return a, nil
}

// bundle is one page of a search (CONTRACT.md "Searching and paging").
type bundle struct {
	ResourceType string `json:"resourceType"`
	Total        *int   `json:"total"` // may be missing even if there are results
	Link         []struct {
		Relation string `json:"relation"`
		URL      string `json:"url"`
	} `json:"link"`
	Entry []entry `json:"entry"`
}

type entry struct {
	Resource json.RawMessage `json:"resource"`
	Search   struct {
		Mode string `json:"mode"` // may be missing
	} `json:"search"`
}

// isMatch reports whether the entry is one of those that the search counts, and
// not an outcome or a resource that a match refers to.
func (e entry) isMatch(resourceType string) bool {
	if e.Search.Mode == "" {
		return resourceType != "OperationOutcome"
	}
	return e.Search.Mode == "match"
}

func (a *API) address(query url.Values, elements ...string) *url.URL {
	address := a.base.JoinPath(elements...)
	address.RawQuery = query.Encode()
	return address
}

// get requests one resource and decodes it.
func (a *API) get(ctx context.Context, address *url.URL, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the ODS API: %w", err)
	}
	req.Header.Set("Accept", "application/fhir+json")
	if a.key != nil {
		key, err := a.key()
		if err != nil {
			return fmt.Errorf("key of the ODS API: %w", err)
		}
		req.Header.Set("Apikey", key)
	}
	answer, err := a.client.Fetch(req)
	if err != nil {
		return fmt.Errorf("asking the ODS API: %w", err)
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("asking the ODS API: %s: answer is not the FHIR it should be: %w", httpx.SafeURL(address), err)
	}
	return nil
}

// search reads all pages of a search and calls use with each entry. Pages overlap
// if the register is reloaded meanwhile, so use may see a resource twice.
func (a *API) search(ctx context.Context, kind string, query url.Values, use func(entry) error) error {
	query.Set("_count", strconv.Itoa(a.page))
	next := a.address(query, kind)
	seen := make(map[string]bool)
	for next != nil {
		if seen[next.String()] || len(seen) == maxPages {
			return fmt.Errorf("searching %s: its pages lead in a circle at %s", kind, httpx.SafeURL(next))
		}
		seen[next.String()] = true
		page, smaller, err := a.onePage(ctx, next)
		if err != nil {
			return fmt.Errorf("searching %s: %w", kind, err)
		}
		for _, entry := range page.Entry {
			if err := use(entry); err != nil {
				return err
			}
		}
		if next, err = a.nextPage(smaller, page, kind); err != nil {
			return fmt.Errorf("searching %s: %w", kind, err)
		}
	}
	return nil
}

// onePage reads a page, with fewer records if the answer would be too large
// (422, CONTRACT.md "Errors"), and returns the address that it came from.
func (a *API) onePage(ctx context.Context, address *url.URL) (*bundle, *url.URL, error) {
	for {
		var page bundle
		err := a.get(ctx, address, &page)
		smaller := halveCount(address, err)
		switch {
		case err == nil && page.ResourceType != "Bundle":
			return nil, nil, fmt.Errorf("%s: answer is a %q, want a Bundle", httpx.SafeURL(address), page.ResourceType)
		case err == nil:
			return &page, address, nil
		case smaller == nil:
			return nil, nil, err
		}
		address = smaller
	}
}

// halveCount returns the address that requests half as many records; nil if err
// has another cause, or the page cannot get smaller.
func halveCount(address *url.URL, err error) *url.URL {
	status, ok := errors.AsType[*httpx.StatusError](err)
	tooLarge := ok && status.Status == http.StatusUnprocessableEntity || errors.Is(err, httpx.ErrTooLarge)
	query := address.Query()
	count, _ := strconv.Atoi(query.Get("_count"))
	if !tooLarge || count <= smallestOne {
		return nil
	}
	query.Set("_count", strconv.Itoa(max(count/2, smallestOne)))
	smaller := *address
	smaller.RawQuery = query.Encode()
	return &smaller
}

// nextPage returns the next page's address, nil after the last. The key is sent
// only to the configured address, whatever a link says.
func (a *API) nextPage(from *url.URL, page *bundle, kind string) (*url.URL, error) {
	for _, link := range page.Link {
		if link.Relation != "next" {
			continue
		}
		next, err := from.Parse(link.URL)
		if err != nil {
			return nil, fmt.Errorf("next page: %w", err)
		}
		want := a.base.JoinPath(kind)
		here := next.Scheme == want.Scheme && strings.EqualFold(next.Host, want.Host) && path.Clean(next.Path) == path.Clean(want.Path)
		if !here || next.User != nil {
			return nil, fmt.Errorf("next page leads away from %s, to %s", want, httpx.SafeURL(next))
		}
		return next, nil
	}
	return nil, nil //nolint:nilnil // no next page is no error
}

// count requests the number of records that a search finds.
func (a *API) count(ctx context.Context, kind string, query url.Values) (int, error) {
	query.Set("_summary", "count")
	query.Del("_count")
	var page bundle
	if err := a.get(ctx, a.address(query, kind), &page); err != nil {
		return 0, fmt.Errorf("counting %s: %w", kind, err)
	}
	if page.Total == nil {
		return 0, fmt.Errorf("counting %s: the answer has no total", kind)
	}
	return *page.Total, nil
}

// Try returns nil if the API takes our key: it has the active organisations counted.
func (a *API) Try(ctx context.Context) error {
	_, err := a.count(ctx, "Organization", url.Values{"active": {"true"}})
	return err
}
