package websitetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is a search. In a GET, the names have a dollar sign if OData has one
// (CONTRACT.md "Service Search").
type query struct {
	Search       string `json:"search"`
	SearchMode   string `json:"searchMode"`
	SearchFields string `json:"searchFields"`
	QueryType    string `json:"queryType"`
	Top          *int   `json:"top"`
	Skip         int    `json:"skip"`
	Count        bool   `json:"count"`
	Select       string `json:"select"`
	Filter       string `json:"filter"`
	OrderBy      string `json:"orderby"`
}

// defaultTop is the number of results if the request does not set one.
const defaultTop = 50

func readQuery(r *http.Request) (q query, err error) {
	if r.Method == http.MethodPost {
		err = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&q)
	} else {
		q, err = queryOf(r.URL.Query())
	}
	if err == nil && (q.Skip < 0 || q.Top != nil && *q.Top < 0) {
		err = errors.New("skip and top cannot be below 0")
	}
	return q, err
}

func queryOf(v url.Values) (q query, err error) {
	q = query{
		Search: v.Get("search"), SearchMode: v.Get("searchMode"), SearchFields: v.Get("searchFields"),
		QueryType: v.Get("queryType"), Count: v.Get("$count") == "true", Select: v.Get("$select"),
		Filter: v.Get("$filter"), OrderBy: v.Get("$orderby"),
	}
	if text := v.Get("$top"); text != "" {
		top, err := strconv.Atoi(text)
		if err != nil {
			return q, fmt.Errorf("$top %q is not a number", text)
		}
		q.Top = &top
	}
	if text := v.Get("$skip"); text != "" {
		q.Skip, err = strconv.Atoi(text)
	}
	return q, err
}

// link returns the query of the page that follows the given number of results.
func (q query) link(results int) string {
	v := url.Values{"api-version": {"3"}, "$skip": {strconv.Itoa(q.Skip + results)}}
	for name, value := range map[string]string{
		"search": q.Search, "searchMode": q.SearchMode, "searchFields": q.SearchFields, "queryType": q.QueryType,
		"$select": q.Select, "$filter": q.Filter, "$orderby": q.OrderBy,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Top != nil {
		v.Set("$top", strconv.Itoa(*q.Top-results))
	}
	if q.Count {
		v.Set("$count", "true")
	}
	return v.Encode()
}

// term is `Field eq 'value'`.
type term struct{ field, value string }

// terms reads a filter of such terms joined by "or", the only kind supported here. An
// empty filter has none.
func terms(filter string) (all []term, err error) {
	for filter != "" {
		field, rest, ok := strings.Cut(filter, " eq '")
		value, rest, ended := untilQuote(rest)
		if !ok || !ended || field == "" || strings.ContainsAny(field, " '") {
			return nil, errors.New("filter: want Field eq 'value' or …")
		}
		all = append(all, term{field, value})
		if rest == "" {
			return all, nil
		}
		if filter, ok = strings.CutPrefix(rest, " or "); !ok || filter == "" {
			return nil, errors.New("filter: want Field eq 'value' or …")
		}
	}
	return all, nil
}

// untilQuote reads a literal, in which two quotes stand for one.
func untilQuote(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for {
		part, after, found := strings.Cut(text, "'")
		b.WriteString(part)
		if !found {
			return "", "", false
		}
		if !strings.HasPrefix(after, "'") {
			return b.String(), after, true
		}
		b.WriteByte('\'')
		text = after[1:]
	}
}

// named returns the codes if a query can only match certain organisations, so that no
// other record needs to be read.
func (q query) named(all []term) (codes []string, ok bool) {
	for _, t := range all {
		if t.field != "ODSCode" {
			return nil, false
		}
		codes = append(codes, t.value)
	}
	if len(all) == 0 && q.SearchFields == "ODSCode" && q.Search != "" && q.Search != "*" {
		codes = strings.Fields(strings.ToUpper(q.Search))
	}
	slices.Sort(codes)
	return slices.Compact(codes), codes != nil
}

// matches checks a record against the filter and the search words.
func (q query) matches(record map[string]json.RawMessage, all []term) bool {
	if len(all) > 0 && !slices.ContainsFunc(all, func(t term) bool { return textOf(record, t.field) == t.value }) {
		return false
	}
	if q.Search == "" || q.Search == "*" {
		return true
	}
	fields := []string{"ODSCode", "OrganisationName", "Address1", "Address2", "Address3", "City", "County", "Postcode"}
	if q.SearchFields != "" {
		fields = strings.Split(q.SearchFields, ",")
	}
	var words []string
	for _, field := range fields {
		words = append(words, strings.Fields(strings.ToLower(textOf(record, field)))...)
	}
	found := 0
	wanted := strings.Fields(strings.ToLower(q.Search))
	for _, word := range wanted {
		if slices.Contains(words, word) {
			found++
		}
	}
	return found == len(wanted) || found > 0 && q.SearchMode != "all"
}

func textOf(record map[string]json.RawMessage, field string) (text string) {
	if json.Unmarshal(record[strings.TrimSpace(field)], &text) != nil {
		return ""
	}
	return text
}

// sorted orders records by one field, or by code if none is named.
func (q query) sorted(records []map[string]json.RawMessage) {
	field, direction, _ := strings.Cut(cmp.Or(q.OrderBy, "ODSCode"), " ")
	slices.SortStableFunc(records, func(a, b map[string]json.RawMessage) int {
		order := cmp.Compare(textOf(a, field), textOf(b, field))
		if direction == "desc" {
			return -order
		}
		return order
	})
}
