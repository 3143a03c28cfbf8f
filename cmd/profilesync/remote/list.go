package remote

import (
	"context"
	"maps"
	"math"
	"net/url"
	"strconv"
)

// all is for lists of which everything is wanted.
const all = math.MaxInt

// mostOnPage is the longest page that the API gives.
const mostOnPage = 500

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// list returns the first rows of a list, at most so many.
func list[T any](ctx context.Context, c *Client, path string, query url.Values, most int) (rows []T, err error) {
	err = walk(ctx, c, path, query, most, func(p page[T]) (int, string) {
		rows = append(rows, p.Items...)
		return len(p.Items), p.Next
	})
	return rows, err
}

// walk reads a list page by page, at most so many rows. Read returns how many rows a page
// has, and its cursor.
func walk[P any](ctx context.Context, c *Client, path string, query url.Values, most int, read func(P) (int, string)) error {
	query = maps.Clone(query)
	if query == nil {
		query = make(url.Values)
	}
	for most > 0 {
		query.Set("limit", strconv.Itoa(min(most, mostOnPage)))
		p, err := get[P](ctx, c, path, query)
		if err != nil {
			return err
		}
		rows, next := read(p)
		if most -= rows; next == "" {
			return nil
		}
		query.Set("cursor", next)
	}
	return nil
}

// queryOf is a query of names and values; those without a value are left out.
func queryOf(pairs ...string) url.Values {
	query := make(url.Values)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// yes is the value of a flag in a query; empty for one that is not set.
func yes(set bool) string {
	if set {
		return "true"
	}
	return ""
}
