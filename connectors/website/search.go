package website

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// batch is how many organisations one search asks for. maxPages limits the number of
// pages, in case the links to the next page never end.
const (
	batch    = 100
	maxPages = 100
)

// query is the body of a POST search (CONTRACT.md "Service Search").
type query struct {
	Filter string `json:"filter"`
	Select string `json:"select"`
	Top    int    `json:"top"`
	Count  bool   `json:"count"`
}

// page is one page of results. The OpenAPI document calls the link @odata.next; the
// service calls it @odata.nextLink (CONTRACT.md "What bites").
type page struct {
	Value    *[]json.RawMessage `json:"value"`
	NextLink string             `json:"@odata.nextLink"`
}

// selected lists what we read of a record; the rest is not transferred.
const selected = "ODSCode,OrganisationName,OrganisationTypeId,OrganisationStatus,Address1,Address2,Address3,City,County," +
	"Postcode,ParentOrganisation,Contacts,OpeningTimes,Services,Facilities"

// ShowMany reads many profiles, one Shown for each code, in no order. It asks Service
// Search, which shows only visible organisations, and no UecServices, entity tags or
// sequence numbers. Profiles that it does not show are read one by one, as are those
// of a page that makes no sense or is not answered, and all if no search is configured.
// A profile that cannot be read, or a part of it, is
// named in its Shown, and the rest goes on. Errors are *push.SinkError.
func (s *Sink) ShowMany(ctx context.Context, codes []profile.ODSCode, t profile.OrgType) ([]push.Shown, error) {
	if s.search == nil {
		return s.showEach(ctx, codes, t)
	}
	all := make([]push.Shown, 0, len(codes))
	for some := range slices.Chunk(codes, batch) {
		found, err := s.searchFor(ctx, some)
		if e, ok := errors.AsType[*push.SinkError](err); err != nil && (!ok || e.Answer != push.AnswerUnclear) {
			return nil, err // not only this search fails
		}
		var missing []profile.ODSCode
		for _, code := range some {
			if p, ok := found[code]; ok {
				shown := p.shown(code, t)
				shown.Entries[0].NeverShown = []string{stockholder}
				all = append(all, shown)
			} else {
				missing = append(missing, code)
			}
		}
		each, err := s.showEach(ctx, missing, t)
		if err != nil {
			return nil, err
		}
		all = append(all, each...)
	}
	return all, nil
}

// searchFor finds records by code. There may be others among them, so the caller must
// look up the exact codes. With an error it returns those of the pages before.
func (s *Sink) searchFor(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]organisation, error) {
	req, err := s.searchRequest(ctx, codes)
	found := make(map[profile.ODSCode]organisation, len(codes))
	for pages := 0; err == nil && req != nil; pages++ {
		if pages == maxPages {
			return found, unclear(req, 0, errors.New("its pages never end"))
		}
		var records []organisation
		records, req, err = s.page(req)
		for _, p := range records {
			if _, twice := found[profile.ODSCode(p.ODSCode)]; !twice {
				found[profile.ODSCode(p.ODSCode)] = p
			}
		}
	}
	return found, err
}

// searchRequest returns a POST, since a URL cannot hold that many codes. A
// search changes nothing: its idempotency key allows retries.
func (s *Sink) searchRequest(ctx context.Context, codes []profile.ODSCode) (*http.Request, error) {
	terms := make([]string, len(codes))
	for i, code := range codes {
		terms[i] = "ODSCode eq '" + strings.ReplaceAll(code.String(), "'", "''") + "'"
	}
	body, err := json.Marshal(query{Filter: strings.Join(terms, " or "), Select: selected, Top: len(codes), Count: true})
	if err != nil {
		return nil, failure("searching", err)
	}
	address := *s.search
	address.RawQuery = url.Values{"api-version": {"3"}}.Encode()
	req, err := s.keyed(http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", hex.EncodeToString(sum[:16]))
	return req, nil
}

// page reads one page and returns the request for the next one, nil after the last.
// It leaves out records that make no sense: their profiles are read one by one.
func (s *Sink) page(req *http.Request) ([]organisation, *http.Request, error) {
	answer, err := s.read.Fetch(req)
	if err != nil {
		return nil, nil, failure(requestName(req), err)
	}
	var results page
	if answer.Status != http.StatusOK { // 404 means a wrong api-version or address, never "none found"
		return nil, nil, failure(requestName(req), &httpx.StatusError{Status: answer.Status})
	}
	if err := json.Unmarshal(answer.Body, &results); err != nil || results.Value == nil || !isJSON(answer.Header) {
		return nil, nil, unclear(req, answer.Status, errors.New("the answer is not a page of search results"))
	}
	records := make([]organisation, 0, len(*results.Value))
	for _, raw := range *results.Value {
		if p, err := decode(raw); err == nil {
			records = append(records, p)
		}
	}
	next, err := s.next(req, results.NextLink)
	return records, next, err
}

// next follows a link only on the same host and path: the key must go nowhere else.
func (s *Sink) next(from *http.Request, link string) (*http.Request, error) {
	if link == "" {
		return nil, nil //nolint:nilnil // no next page is not an error
	}
	address, err := from.URL.Parse(link)
	here := err == nil && address.User == nil && address.Scheme == s.search.Scheme &&
		strings.EqualFold(address.Host, s.search.Host) && path.Clean(address.Path) == path.Clean(s.search.Path)
	if !here {
		return nil, unclear(from, 0, errors.New("the link to the next page leads elsewhere"))
	}
	return s.keyed(http.NewRequestWithContext(from.Context(), http.MethodGet, address.String(), http.NoBody)) //nolint:gosec // checked above
}
