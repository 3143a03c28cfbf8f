package profilepages

import (
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var days = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Bank holidays"}

// hours are the opening times: the week day by day, then the dates that differ.
func (o *one) hours() page.Section {
	s := page.Section{ID: "hours", Title: "Opening hours"}
	weekly, dated := o.values.Get(profile.FieldOpeningTimes), o.values.Get(profile.FieldDatedOpeningTimes)
	why := page.Links{{Text: "Why the opening hours are so", To: address(o.code) + "/why?field=" + profile.FieldOpeningTimes.String()}}
	week, err := profile.ParseWeek(weekly)
	switch {
	case weekly == "":
		s.Blocks = append(s.Blocks, page.Table{Empty: "Nobody has stated opening hours."})
	case err != nil:
		s.Blocks = append(s.Blocks, page.Inset{Title: "They cannot be read as they are", Text: weekly, Warning: true})
	default:
		t := page.Table{Caption: "The week", Columns: page.Names("Day", "Open")}
		for day, name := range days {
			if periods := week[day]; len(periods) > 0 || profile.Day(day) != profile.BankHoliday {
				t.Rows = append(t.Rows, page.Cells(name, open(periods)))
			}
		}
		s.Blocks = append(s.Blocks, t)
	}
	if dates, err := profile.ParseDated(dated); err != nil {
		s.Blocks = append(s.Blocks, page.Inset{Title: "Dates that cannot be read as they are", Text: dated, Warning: true})
	} else if len(dates) > 0 {
		t := page.Table{Caption: "Dates that differ", Columns: page.Names("Date", "Open")}
		for _, d := range dates {
			t.Rows = append(t.Rows, page.Cells(d.Date.Words(), open(d.Periods)))
		}
		s.Blocks = append(s.Blocks, t)
	}
	if weekly+dated != "" {
		s.Blocks = append(s.Blocks, why)
	}
	return s
}

func open(periods []profile.Period) string {
	texts := make([]string, len(periods))
	for i, p := range periods {
		texts[i] = profile.Clock(p.Opens) + " to " + profile.Clock(p.Closes)
	}
	if len(texts) == 0 {
		return "closed"
	}
	return strings.Join(texts, ", ")
}
