package ods

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Try returns nil if the service offers a report. It reads the head of the answer, and
// leaves the report itself.
func (d *Downloads) Try(ctx context.Context, report string) error {
	address := *d.endpoint
	address.RawQuery = url.Values{"report": {report}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for report %s: %w", report, err)
	}
	req.Header.Set("Accept", "text/csv")
	resp, err := d.client.Do(req)
	if err != nil {
		return pullError(report, err)
	}
	_ = resp.Body.Close() // it was not read
	return nil
}

// Try returns nil if the API answers with our key: it counts the organisations that
// are active, which is one short answer.
func (a *API) Try(ctx context.Context) error {
	_, err := a.count(ctx, "Organization", url.Values{"active": {"true"}})
	return err
}
