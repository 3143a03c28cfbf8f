package pushstore

import (
	"context"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// comingHolidays returns the bank holidays of the 12 months from a day.
func comingHolidays(ctx context.Context, q *pushsql.Queries, today profile.Date) ([]profile.Date, error) {
	text, err := q.KnownHolidays(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "reading the bank holidays")
	}
	var known []people.Holiday
	for day := range strings.FieldsSeq(text) {
		date, err := profile.ParseDate(day)
		if err != nil {
			return nil, postgres.Wrap(err, "reading the bank holidays")
		}
		known = append(known, people.Holiday{Date: date})
	}
	return people.NewCalendar(known).Coming(today), nil
}

// FollowCalendar asks for a push of each profile with hours for bank holidays when
// the coming bank holidays are others than before: a day entered the next 12
// months, was proclaimed, or was removed. A day that passes asks for nothing. It
// returns how many pushes it asked for.
func (d *Dispatch) FollowCalendar(ctx context.Context, today profile.Date) (int, error) {
	before, err := d.q.FollowedHolidays(ctx)
	if err != nil {
		return 0, postgres.Wrap(err, "reading the bank holidays")
	}
	coming, err := comingHolidays(ctx, d.q, today)
	if err != nil {
		return 0, err
	}
	days := make([]string, len(coming))
	for i, day := range coming {
		days[i] = day.String()
	}
	known := strings.Fields(before)
	known = slices.DeleteFunc(known, func(day string) bool { return day < today.String() })
	if slices.Equal(days, known) {
		return 0, nil
	}
	n, err := d.q.FollowHolidays(ctx, strings.Join(days, " "))
	return int(n), postgres.Wrap(err, "asking for pushes of bank holidays")
}
