package statuscommands

import (
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/reconcile/push"
)

// none stands for what there is not.
const none = "-"

// show prints the screen: 80 columns and about 30 lines.
func show(out *commands.Printer, s standing.Standing) {
	if s.Current {
		out.Print(nil, "SOURCE | LAST READ | LAST ACCEPTED | RECORDS | NEXT PULL", sources(s))
		out.Gap()
		out.Print(nil, "WAITS FOR A PERSON | HOW MANY | OLDEST", waits(s))
		out.Gap()
		out.Print(nil, "SINK | WANTED | REFUSED | WAITING | HELD | PAUSED", sinks(s))
		out.Gap()
	}
	out.Print(nil, "", facts(s))
}

func sources(s standing.Standing) (rows [][]string) {
	for _, source := range s.Sources {
		row := []string{string(source.Source) + " " + source.Report, none, none, none, moment(source.NextPull)}
		if !source.AsOf.IsZero() {
			row[2] = source.AsOf.String()
		}
		if !source.ReadAt.IsZero() {
			row[1] = age(source.ReadAt, s.At) + " ago"
		}
		if source.Late(s.At) {
			row[1] += ", late"
		}
		if source.Records > 0 {
			row[3] = strconv.Itoa(source.Records)
		}
		rows = append(rows, row)
	}
	return rows
}

func waits(s standing.Standing) [][]string {
	w := s.Waits
	cases := strconv.Itoa(w.Cases.Open)
	more := listed(count{w.Cases.Overdue, "overdue"}, count{w.Cases.Waiting, "waiting"}, count{w.Cases.SetAside, "set aside"})
	if more != "" {
		cases += " (" + more + ")"
	}
	withheld := strconv.Itoa(w.Withheld.Rows)
	if w.Withheld.Runs > 0 {
		withheld += fmt.Sprintf(" (of %s)", counted(w.Withheld.Runs, "run"))
	}
	return [][]string{
		{"open cases", cases, age(w.Cases.Since, s.At)},
		{"withheld rows", withheld, age(w.Withheld.Since, s.At)},
		{"closures that were said", strconv.Itoa(w.Closures.Said), age(w.Closures.Since, s.At)},
		{"pushes that wait", strconv.Itoa(w.Pushes.Waiting), age(w.Pushes.Since, s.At)},
	}
}

func sinks(s standing.Standing) (rows [][]string) {
	for _, sink := range s.Sinks {
		wanted, paused := strconv.Itoa(sink.Wanted), "no"
		if sink.Wanted > 0 {
			wanted += " (" + age(sink.Since, s.At) + ")"
		}
		switch {
		case len(sink.Paused) > 0:
			paused = "PAUSED: " + counted(len(sink.Paused), "route")
		case !sink.Configured:
			paused = "not set up here"
		}
		rows = append(rows, []string{
			string(sink.Name), wanted, strconv.Itoa(sink.Refused), strconv.Itoa(sink.Waiting), strconv.Itoa(sink.Held), paused,
		})
	}
	return rows
}

// why a route is paused, in words.
func why(reason string) string {
	switch reason {
	case string(push.AnswerUnauthorized):
		return "it refuses our key"
	case string(push.AnswerDown):
		return "it does not answer"
	}
	return reason
}

// facts are the lines below the tables.
func facts(s standing.Standing) (rows [][]string) {
	if s.Current {
		for _, sink := range s.Sinks {
			for _, p := range sink.Paused {
				rows = append(rows, []string{"paused " + string(sink.Name), fmt.Sprintf("%s, for %s: %s", p.Route, age(p.Since, s.At), why(p.Why))})
			}
			rows = append(rows, []string{"drift " + string(sink.Name), drift(sink.Drift)})
		}
		rows = append(rows, []string{"letters", letters(s.Letters)}, []string{"report", report(s.Report)})
	}
	schema := fmt.Sprintf("%d, current", s.Schema.Is)
	if !s.Current {
		schema = fmt.Sprintf("%d, too old: this program needs %d (profilesync migrate)", s.Schema.Is, s.Schema.Needed)
	}
	rows = append(rows, []string{"schema", schema})
	if s.Current {
		rows = append(rows, daemons(s)...)
	}
	return rows
}

func drift(d *standing.Drift) string {
	if d == nil {
		return "never compared"
	}
	differ := fmt.Sprintf("%s of %s, %d missing", counted(d.Fields, "field"), counted(d.Profiles, "profile"), d.Missing)
	switch {
	case d.Failed:
		return moment(d.At) + ": the drift check failed"
	case d.Alarm:
		return "ALARM " + moment(d.At) + ": " + differ
	case d.Fields+d.Missing == 0:
		return fmt.Sprintf("%s: nothing differs in %s", moment(d.At), counted(d.Checked, "profile"))
	}
	return moment(d.At) + ": " + differ
}

func letters(l standing.Letters) string {
	state := l.State
	switch {
	case !l.Since.IsZero():
		state += " since " + moment(l.Since)
	case !l.Until.IsZero():
		state += " until " + moment(l.Until)
	}
	return fmt.Sprintf("%s; %d waiting, %d refused in a week", state, l.Waiting, l.Refused)
}

func report(r standing.Report) string {
	if r.Day.IsZero() {
		return "none yet; next " + moment(r.Next)
	}
	return fmt.Sprintf("of %s, %s; next %s", r.Day, counted(r.Delivered, "delivery"), moment(r.Next))
}

func daemons(s standing.Standing) (rows [][]string) {
	if len(s.Daemons) == 0 {
		rows = append(rows, []string{"daemons", "NONE is alive: nothing is pulled, pushed or sent"})
	}
	for i, d := range s.Daemons {
		rows = append(rows, []string{first(i, "daemons"), d.Name + " since " + moment(d.StartedAt)})
	}
	for i, d := range s.Silent {
		rows = append(rows, []string{first(i, "silent, dead?"), d.Name + " since " + moment(d.SeenAt)})
	}
	return rows
}

// first labels the first of several lines.
func first(i int, label string) string {
	if i > 0 {
		return ""
	}
	return label
}
