package casestore

import (
	"context"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore/casesql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
)

// overdueChecks returns the organisations that an overdue notice was about and that
// still miss something, by the rules of reconcile/people. Before the notices of a
// quarter are made due, those of the quarter before count.
func overdueChecks(ctx context.Context, q *casesql.Queries, at cases.Moment) (overdue []cases.Signal, err error) {
	rows, err := q.OrganisationsOverdue(ctx, casesql.OrganisationsOverdueParams{Today: at.Today(), Types: postgres.Texts(at.Rules.Types())})
	for len(rows) > 0 {
		first, org := rows[0], people.CheckedOrg{Checked: make(people.Checked)}
		for len(rows) > 0 && rows[0].Code == first.Code {
			switch r := rows[0]; {
			case !r.Day.IsZero():
				org.Stated = append(org.Stated, r.Day)
			case r.Section != "":
				org.Checked[people.Section(r.Section)] = r.At
			}
			rows = rows[1:]
		}
		quarter := people.QuarterOn(first.Quarter)
		if missing := missingSections(at.Rules[first.Type], org, quarter, at); missing != "" {
			overdue = append(overdue, cases.Signal{
				Subject: string(first.Code), Code: first.Code, Board: first.Icb,
				Since: quarter.Next().First().Time(),
				Facts: map[string]string{"day": quarter.Last().Words(), "sections": missing},
			})
		}
	}
	return overdue, err
}

func missingSections(rule people.CheckRule, org people.CheckedOrg, quarter people.Quarter, at cases.Moment) string {
	missing := rule.Missing(org.Checked, org.Stated, at.Calendar, quarter, at.Today())
	words := make([]string, len(missing))
	for i, m := range missing {
		words[i] = m.Section.Words()
	}
	return strings.Join(words, ", ")
}
