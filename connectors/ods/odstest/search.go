package odstest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// index holds what searches look at, of one state of the register.
type index struct {
	version uint64
	rows    []indexRow
	results map[string][]string // codes found, by query
}

type indexRow struct {
	code   string
	roles  []string
	active bool
	change profile.Date
}

// parameters are those the search takes; with any other it answers 400.
var parameters = []string{
	"_id", "identifier", "lastChangeDate", "name", "name:contains", "name:exact", "active", "roleCode", "activeRoleCode",
	"_count", "_offset", "_summary", "_format",
}

// queryError is a query the server refuses with 400.
type queryError string

func (e queryError) Error() string { return string(e) }

// search returns the codes that match, in an order that a reload may shift.
func (s *Server) search(query url.Values) ([]string, error) {
	matches, err := filter(s.reg, query)
	if err != nil {
		return nil, err
	}
	filtered := url.Values{}
	for name, values := range query {
		if !slices.Contains([]string{"_count", "_offset", "_summary", "_format"}, name) {
			filtered[name] = values
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.current()
	codes, known := at.results[filtered.Encode()]
	if !known {
		for _, row := range at.rows {
			if matches(row) {
				codes = append(codes, row.code)
			}
		}
		at.results[filtered.Encode()] = codes
	}
	return shifted(codes, s.shift), nil
}

// shifted rotates a result by some rows: the first ones come last.
func shifted(codes []string, by int) []string {
	if len(codes) == 0 || by%len(codes) == 0 {
		return codes
	}
	by = (by%len(codes) + len(codes)) % len(codes)
	return slices.Concat(codes[by:], codes[:by])
}

// current returns the index of the register as it stands, building it anew
// after a change. Organisations closed by March 2017 are not in the API.
func (s *Server) current() *index {
	var version uint64 = 1
	for _, report := range register.Reports() {
		version += s.reg.Version(report)
	}
	if s.index != nil && s.index.version == version {
		return s.index
	}
	s.index = &index{version: version, results: make(map[string][]string)}
	for _, report := range register.Reports() {
		for o := range s.reg.All(report) {
			if !o.Archived() {
				s.index.rows = append(s.index.rows, indexRow{o.Code, o.Roles, o.Open(), o.LastChange})
			}
		}
	}
	return s.index
}

type condition func(indexRow) bool

// filter reads the query: repeated parameters are and, commas are or.
func filter(reg *register.Register, query url.Values) (condition, error) {
	var all []condition
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return nil, queryError(unknown(name, "Organization", parameters))
		}
		for _, value := range values {
			c, err := parse(reg, name, value)
			if err != nil {
				return nil, err
			}
			if c != nil {
				all = append(all, c)
			}
		}
	}
	return func(row indexRow) bool {
		return !slices.ContainsFunc(all, func(c condition) bool { return !c(row) })
	}, nil
}

// unknown is the recorded answer to a parameter the server does not take.
func unknown(name, resource string, valid []string) string {
	return fmt.Sprintf("HAPI-0524: Unknown search parameter %q for resource type %q. Valid search parameters for this search are: [%s]",
		name, resource, strings.Join(valid, ", "))
}

// options are the values a comma stands between, without their code system.
func options(value string) []string {
	list := strings.Split(value, ",")
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], codeSystem+"|")
	}
	return list
}

func parse(reg *register.Register, name, value string) (condition, error) {
	among := options(value)
	switch name {
	case "lastChangeDate":
		return parseDay(value)
	case "_id", "identifier":
		return func(row indexRow) bool { return slices.Contains(among, row.code) }, nil
	case "active":
		return func(row indexRow) bool { return row.active == (value == "true") }, nil
	case "roleCode", "activeRoleCode":
		return func(row indexRow) bool {
			has := slices.ContainsFunc(row.roles, func(role string) bool { return slices.Contains(among, role) })
			return has && (name == "roleCode" || row.active)
		}, nil
	case "name", "name:contains", "name:exact":
		return named(reg, name, value), nil
	}
	return nil, nil //nolint:nilnil // paging and format put no condition
}

func parseDay(value string) (condition, error) {
	prefix, text := "eq", value
	if len(value) > 2 && value[0] > '9' {
		prefix, text = value[:2], value[2:]
	}
	day, err := profile.ParseDate(text)
	compare := map[string]condition{
		"eq": func(row indexRow) bool { return row.change == day },
		"gt": func(row indexRow) bool { return row.change.After(day) },
		"ge": func(row indexRow) bool { return !row.change.Before(day) },
		"lt": func(row indexRow) bool { return row.change.Before(day) },
		"le": func(row indexRow) bool { return !row.change.After(day) },
	}[prefix]
	if err != nil || compare == nil || text == "" {
		return nil, queryError(fmt.Sprintf("HAPI-1940: Invalid date format %q", value))
	}
	return compare, nil
}

func named(reg *register.Register, name, value string) condition {
	return func(row indexRow) bool {
		o, found := reg.Get(row.code)
		if !found {
			return false
		}
		switch name {
		case "name:exact":
			return o.Clean().Name == value
		case "name:contains":
			return strings.Contains(o.Name, strings.ToUpper(value))
		}
		return strings.HasPrefix(o.Name, strings.ToUpper(value))
	}
}
