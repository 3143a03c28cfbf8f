package runtext

import (
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Change returns a change as one line of a table shows it. Of a service it is the
// name, and what differs.
func Change(field, before, after string) (shownField, shownBefore, shownAfter string) {
	name, id, isService := strings.Cut(field, "/")
	if !isService || name != profile.FieldERSServices.String() {
		return field, columns.OneLine(before), columns.OneLine(after)
	}
	old, from, oldErr := services.ParseShown(before)
	now, _, nowErr := services.ParseShown(after)
	switch {
	case nowErr != nil:
		return "service " + id, missing(before), missing(after)
	case oldErr != nil:
		return fmt.Sprintf("service %s, %s", id, now.Name), columns.OneLine(""), whereShown(now, "")
	}
	var was, is []string
	for _, part := range []struct{ name, before, after string }{
		{"", whereShown(old, from), whereShown(now, "")},
		{"name", old.Name, now.Name},
		{"kind", old.Kind, now.Kind},
		{"specialty", old.Specialty, now.Specialty},
		{"hours", old.Hours, now.Hours},
		{"instructions", old.Instructions, now.Instructions},
		{"booking", old.Booking, now.Booking},
		{"contacts", contacts(old), contacts(now)},
	} {
		if part.before != part.after {
			was, is = append(was, strings.TrimSpace(part.name+" "+part.before)), append(is, strings.TrimSpace(part.name+" "+part.after))
		}
	}
	return fmt.Sprintf("service %s, %s", id, now.Name), columns.OneLine(strings.Join(was, "; ")), columns.OneLine(strings.Join(is, "; "))
}

// missing is one side of a missing mark.
func missing(since string) string {
	if since == "" {
		return columns.OneLine("")
	}
	return "missing since " + since
}

// whereShown says whether a service is shown, and where if that is another site.
func whereShown(s services.Shown, from profile.ODSCode) string {
	switch {
	case from != "":
		return "at " + from.String()
	case s.Withdrawn:
		return "withdrawn"
	default:
		return "shown"
	}
}

func contacts(s services.Shown) string {
	all := make([]string, len(s.Contacts))
	for i, c := range s.Contacts {
		all[i] = c.Value
	}
	return strings.Join(all, ", ")
}
