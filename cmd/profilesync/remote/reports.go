package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Reports is actions.Actions.Reports.
func (c *Client) Reports(ctx context.Context, most int) ([]reportstore.FrozenReport, error) {
	return list[reportstore.FrozenReport](ctx, c, "/reports", nil, most)
}

// MakeReports is actions.Actions.MakeReports.
func (c *Client) MakeReports(ctx context.Context) ([]reportstore.FrozenReport, error) {
	made, err := post[page[reportstore.FrozenReport]](ctx, c, "/reports", nil)
	return made.Items, err
}

// ReportDay is actions.Actions.ReportDay.
func (c *Client) ReportDay(ctx context.Context) (profile.Date, error) {
	newest, err := c.Reports(ctx, 1)
	if err != nil {
		return profile.Date{}, err
	}
	if len(newest) == 0 {
		return profile.Date{}, upkeep.ErrNoReport
	}
	return newest[0].Day, nil
}

// CopyReport is actions.Actions.CopyReport. What was written before an answer was cut off
// stays written.
func (c *Client) CopyReport(ctx context.Context, to io.Writer, f wiring.ReportFile) error {
	query := queryOf("region", string(f.Region), "section", f.Section)
	r := request{method: http.MethodGet, path: fmt.Sprintf("/reports/%s/%s", f.Day, f.Form), query: query}
	return c.do(ctx, r, func(answer *http.Response) error {
		_, err := io.Copy(to, answer.Body)
		return err
	})
}

// VerifyReport is actions.Actions.VerifyReport.
func (c *Client) VerifyReport(ctx context.Context, day profile.Date) (reportstore.Verified, error) {
	return get[reportstore.Verified](ctx, c, "/report-checks/"+day.String(), nil)
}

// DeliverReport is upkeep.Upkeep.DeliverReport.
func (c *Client) DeliverReport(ctx context.Context, day profile.Date) (upkeep.Delivered, error) {
	return post[upkeep.Delivered](ctx, c, "/reports/"+day.String()+"/deliver", nil)
}

// LinkReport is upkeep.Upkeep.LinkReport.
func (c *Client) LinkReport(ctx context.Context, day profile.Date, region profile.ODSCode) (upkeep.ReportLink, error) {
	r := request{method: http.MethodPost, path: "/reports/newest/link", query: queryOf("region", string(region))}
	if !day.IsZero() {
		r.path = "/reports/" + day.String() + "/link"
	}
	return ask[upkeep.ReportLink](ctx, c, r)
}
