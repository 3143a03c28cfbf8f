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

// stockholder is the service that stands in UecServices, which v3 never shows
// (CONTRACT.md "Services"). All others stand in Services.
const stockholder = "SRV0559"

// serviceLists are both lists, null while nobody stated any service. Those of the
// e-Referral Service carry their numbers there: the website keys on them
// (CONTRACT.md "Services").
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

// line, thing and says make an entry of a service: it is its code, or else its
// name. A line without a name does not speak of it.
func (s service) line() string {
	code, name := strings.TrimSpace(oneLine(s.ServiceCode)), oneLine(s.ServiceName)
	if code == "" && name == "" {
		return ""
	}
	if code == "" {
		code = "-"
	}
	if name != "" {
		code += " " + name
	}
	return code
}

func (s service) thing() string {
	if code := profile.ServiceCode(s.line()); code != "-" {
		return code
	}
	return s.line()
}

func (s service) says() map[string]*string {
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

// known are the facilities whose names are known (CONTRACT.md "Facilities"), by
// id. The website keys on them and spells names one way today and another
// tomorrow, so they are read by id alone.
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

// facilities is null while nobody stated any. A name that known has not, in
// exactly these letters, is sent without an id: leaving it out would be read
// back as drift for ever, refusing it would hold up the whole profile. Names of
// other ids that the website showed us carry their number ("Play area #16"), so
// that a push that leaves facilities alone gives the id back.
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

// line, thing and says make an entry of a facility: it is its id, or else its
// name.
func (f facility) line() string {
	name := oneLine(f.Name)
	if f.ID != nil && *f.ID > 0 {
		if entry, ok := known[*f.ID]; ok {
			name = entry.name
		} else {
			name = strings.TrimPrefix(name+" #"+strconv.Itoa(*f.ID), " ")
		}
	}
	if value := oneLine(f.Value); name != "" && value != "" {
		name += ": " + value
	}
	return name
}

func (f facility) thing() string {
	if f.ID != nil && *f.ID > 0 {
		return "#" + strconv.Itoa(*f.ID)
	}
	return oneLine(f.Name)
}

func (f facility) says() map[string]*string {
	return map[string]*string{"Name": f.Name, "Value": f.Value}
}

// oneLine is a text on one line; empty for null.
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

// sortedLines is a list as profiles keep it: each line once, in order.
func sortedLines(lines []string) string {
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

// rows are the lines of such a list.
func rows(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
