package website

import (
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

type service struct {
	ServiceName *string `json:"ServiceName"`
	ServiceCode *string `json:"ServiceCode"`
}

// stockholder is the service that belongs in UecServices, which v3 never shows
// (CONTRACT.md "Services"). All others belong in Services.
const stockholder = "SRV0559"

// serviceLists returns both lists, null if nobody stated any service. Services of
// the e-Referral Service have their numbers there as codes, by which the website
// finds them (CONTRACT.md "Services").
func serviceLists(v profile.Values) (general, urgent []service) {
	if !v.States(profile.FieldServices) && !v.States(profile.FieldERSServices) {
		return nil, nil
	}
	general, urgent = []service{}, []service{}
	for _, line := range slices.Concat(rows(v.Get(profile.FieldServices)), rows(v.Get(profile.FieldERSServices))) {
		code, name, _ := strings.Cut(line, " ")
		row := service{ServiceName: text(name)}
		if code != "-" {
			row.ServiceCode = text(code)
		}
		if code == stockholder {
			urgent = append(urgent, row)
		} else {
			general = append(general, row)
		}
	}
	return general, urgent
}

func readServices(general, urgent []service, v *profile.Values) {
	if general == nil && urgent == nil {
		return
	}
	var editors, referral []string
	for _, line := range linesOf(slices.Concat(general, urgent)) {
		if _, err := services.ParseID(profile.ServiceCode(line)); err == nil {
			referral = append(referral, line)
		} else {
			editors = append(editors, line)
		}
	}
	v.Set(profile.FieldServices, sortedLines(editors))
	v.Set(profile.FieldERSServices, sortedLines(referral))
}

// line, subject and writtenKeys make a service an entry. It is identified by its code, or by
// its name if it has none. A line without a name does not state one.
func (s service) line() string {
	name := oneLine(s.ServiceName)
	code := strings.Join(strings.Fields(oneLine(s.ServiceCode)), " ") // a line keeps no other space around its first word
	if code == "" {
		code = "-"
	}
	if code == "-" && name == "" {
		return ""
	}
	if name != "" {
		code += " " + name
	}
	return code
}

func (s service) subject() string {
	if code := profile.ServiceCode(s.line()); code != "-" {
		return code
	}
	return s.line()
}

func (s service) writtenKeys() map[string]*string {
	if s.ServiceName == nil {
		return nil
	}
	return map[string]*string{"ServiceName": s.ServiceName}
}

type facility struct {
	ID                *int    `json:"Id"`
	Name              *string `json:"Name"`
	Value             *string `json:"Value"`
	FacilityGroupName *string `json:"FacilityGroupName"`
}

// known holds the facilities whose names are known (CONTRACT.md "Facilities"), by id.
// The website identifies them by id and changes the spelling of names, so they are
// read by id alone.
var known = map[int]struct{ name, group string }{
	1:   {"Braille translation service", "Accessibility"},
	2:   {"Disabled parking", "Accessibility"},
	3:   {"Disabled toilet", "Accessibility"},
	4:   {"Induction loop", "Accessibility"},
	5:   {"Text relay", "Accessibility"},
	6:   {"Signing service", "Accessibility"},
	7:   {"Wheelchair access", "Accessibility"},
	28:  {"Car parking", "Parking"},
	29:  {"Cycle parking", "Parking"},
	35:  {"Step-free access", "Accessibility"},
	144: {"Toilet", "Other facilities"},
	145: {"Baby changing", "Other facilities"},
	146: {"Consultation room", "Other facilities"},
}

// facilities returns null if nobody stated any. A name that is not in known, letter
// for letter, is sent without an id: leaving it out would be found as drift for ever,
// and refusing it would block the whole profile. Names with other ids that the
// website showed us carry their number ("Play area #16"), so that a push that leaves
// facilities alone sends the id back.
func facilities(v profile.Values) []facility {
	if !v.States(profile.FieldFacilities) {
		return nil
	}
	list := []facility{}
	for _, line := range rows(v.Get(profile.FieldFacilities)) {
		name, value := line, ""
		if i := strings.LastIndex(line, ": "); i >= 0 && i+2 < len(line) {
			name, value = line[:i], line[i+2:]
		}
		row := facility{Value: text(value)}
		var group string
		row.ID, name, group = identified(name)
		row.Name, row.FacilityGroupName = text(name), text(group)
		list = append(list, row)
	}
	return list
}

func identified(line string) (id *int, name, group string) {
	for id, row := range known {
		if row.name == line {
			return &id, row.name, row.group
		}
	}
	i := strings.LastIndexByte(line, '#')
	number, err := strconv.Atoi(line[i+1:])
	_, named := known[number]
	if i < 0 || err != nil || named || number <= 0 || strconv.Itoa(number) != line[i+1:] || i > 0 && line[i-1] != ' ' {
		return nil, line, ""
	}
	if number == 30 { // "Disabled parking" again, but in the other group
		group = "Parking"
	}
	return &number, line[:max(i-1, 0)], group
}

func readFacilities(list []facility, v *profile.Values) {
	if list == nil {
		return
	}
	v.Set(profile.FieldFacilities, sortedLines(linesOf(list)))
}

// line, subject and writtenKeys make a facility an entry. It is identified by its id, or by
// its name if it has none.
func (f facility) line() string {
	name := oneLine(f.Name)
	if f.ID != nil && *f.ID > 0 {
		if entry, ok := known[*f.ID]; ok {
			name = entry.name
		} else {
			name = strings.TrimPrefix(name+" #"+strconv.Itoa(*f.ID), " ")
		}
	}
	if strings.HasPrefix(name, ": ") { // a line could not be told from a value without a name
		return ""
	}
	if value := oneLine(f.Value); name != "" && value != "" {
		name += ": " + value
	}
	return name
}

func (f facility) subject() string {
	if f.ID != nil && *f.ID > 0 {
		return "#" + strconv.Itoa(*f.ID)
	}
	return oneLine(f.Name)
}

func (f facility) writtenKeys() map[string]*string {
	return map[string]*string{"Name": f.Name, "Value": f.Value}
}

// oneLine returns a text on one line; empty for null.
func oneLine(s *string) string {
	if s == nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return ' '
		}
		return r
	}, *s)
}

// sortedLines returns a list as profiles store it: each line once, in order.
func sortedLines(lines []string) string {
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

// rows returns the lines of such a list.
func rows(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
