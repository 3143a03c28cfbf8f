package reconcile_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// This file finds the places that lack a field of a profile. The list of fields
// (profile/field.go) holds what can be derived; the rest is written by hand, and
// adding a field means visiting each place (ADDING.md "A field").

// rulesPage has tables of what is decided about fields.
var rulesPage = path.Join(core, cited[1])

func TestEveryFieldIsInItsPlaces(t *testing.T) {
	t.Parallel()
	tree, err := readTree(os.DirFS(".."))
	require.NoError(t, err)
	require.Len(t, tree.fields(), len(profile.Fields()))
	require.Empty(t, tree.missing(), "what to do: reconcile/ADDING.md \"A field\"")
}

// field is a row of the list, as written in the source.
type field struct {
	ident, name, owner, stored, register, dosName, label string

	isNumbered bool // has a constant
}

// column is the field's name in SQL, and goName its name in sqlc's code.
func (f field) column() string { return strings.ReplaceAll(f.name, "-", "_") }

func (f field) goName() (name string) {
	for word := range strings.SplitSeq(f.name, "-") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// ownerName is the owner's name in SQL and documents.
func (f field) ownerName() string { return strings.ToLower(strings.TrimPrefix(f.owner, "OwnedBy")) }

func (f field) inColumn() bool    { return f.stored == "" || f.stored == "inColumn" }
func (f field) isFollowed() bool  { return f.register == "followed" }
func (f field) isSeeded() bool    { return f.register != "" && f.register != "silent" }
func (f field) isChange() bool    { return f.stored != "inChecks" }
func (f field) inSQL() string     { return `\b` + f.column() + `\b` }
func (f field) quoted() string    { return `\('` + f.name + `',` }
func (f field) withOwner() string { return `\('` + f.name + `', '` + f.ownerName() + `'\)` }

// place is somewhere a field has to appear. Its step is a heading of ADDING.md.
type place struct {
	step   string
	wanted func(source, field) bool
	lacks  func(source, field) string // says what is missing; empty for nothing
}

func always(source, field) bool { return true }

// byField adapts a predicate that needs only the field.
func byField(about func(field) bool) func(source, field) bool {
	return func(_ source, f field) bool { return about(f) }
}

var places = []place{
	{"The row", always, source.lacksRow},
	{"The column", byField(field.inColumn), source.lacksColumn},
	{"The owner", always, source.lacksOwner},
	{"The audit", byField(field.isChange), source.lacksAudit},
	{"The section", source.isChecked, source.lacksSection},
	{"The register", byField(field.isSeeded), source.lacksRegister},
	{"Creations", byField(field.isSeeded), source.lacksCreation},
	{"Updates", byField(field.isFollowed), source.lacksUpdate},
	{"Edits during a run", byField(field.isFollowed), source.lacksMove},
	{"Undo of one field", byField(field.inColumn), source.lacksUndo},
	{"Loading profiles", byField(field.inColumn), source.lacksProfile},
	{"Loading pushes", source.isPushed, source.lacksPush},
	{"DoS", always, source.lacksDoS},
	{"Drift of DoS", always, source.lacksDrift},
	{"The website", always, source.lacksWebsite},
	{"The rules", always, source.lacksRule},
}

// missing lists each place that lacks a field, and what is missing there.
func (s source) missing() (found []string) {
	for _, f := range s.fields() {
		switch {
		case f.name == "":
			found = append(found, f.ident+": The row: reconcile/profile/field.go has no row with its name")
			continue
		case !f.isNumbered:
			found = append(found, f.name+": The constant: reconcile/profile/field.go has none called "+f.ident)
		}
		for _, p := range places {
			if !p.wanted(s, f) {
				continue
			}
			if what := p.lacks(s, f); what != "" {
				found = append(found, f.name+": "+p.step+": "+what)
			}
		}
	}
	return found
}

var fieldConst = regexp.MustCompile(`^Field[A-Z]`)

// fields returns the fields of the list, in the order of their constants.
func (s source) fields() (fields []field) {
	rows := map[string]field{}
	for _, f := range s.pkgs.at("reconcile/profile").files {
		if f.path != "reconcile/profile/field.go" {
			continue
		}
		ast.Inspect(f.syntax, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.ValueSpec:
				if fieldConst.MatchString(n.Names[0].Name) {
					fields = append(fields, field{ident: n.Names[0].Name})
				}
			case *ast.KeyValueExpr:
				ident, isIdent := n.Key.(*ast.Ident)
				if row, isRow := n.Value.(*ast.CompositeLit); isIdent && isRow && fieldConst.MatchString(ident.Name) {
					rows[ident.Name] = rowOf(ident.Name, row)
				}
			}
			return true
		})
	}
	for i, f := range fields {
		fields[i] = rows[f.ident]
		fields[i].ident, fields[i].isNumbered = f.ident, true
		delete(rows, f.ident)
	}
	return slices.AppendSeq(fields, maps.Values(rows))
}

func rowOf(ident string, row *ast.CompositeLit) field {
	f := field{ident: ident}
	columns := map[string]*string{
		"name": &f.name, "owner": &f.owner, "stored": &f.stored, "register": &f.register, "dosName": &f.dosName, "label": &f.label,
	}
	for _, element := range row.Elts {
		pair, _ := element.(*ast.KeyValueExpr)
		if column := columns[fmt.Sprint(pair.Key)]; column != nil {
			*column = textOf(pair.Value)
		}
	}
	return f
}

// textOf returns the text of a literal or an identifier.
func textOf(value ast.Expr) string {
	if literal, ok := value.(*ast.BasicLit); ok {
		text, _ := strconv.Unquote(literal.Value)
		return text
	}
	return fmt.Sprint(value)
}

// lacksIn says where the pattern is missing, or nothing if it is found.
func lacksIn(where, text, pattern string) string {
	if regexp.MustCompile(pattern).MatchString(text) {
		return ""
	}
	return where + " does not mention it"
}

// firstNonEmpty returns the first finding that is not empty.
func firstNonEmpty(findings ...string) string {
	for _, finding := range findings {
		if finding != "" {
			return finding
		}
	}
	return ""
}

func (s source) lacksRow(f field) string {
	if f.owner == "" || f.dosName == "" || f.label == "" {
		return "reconcile/profile/field.go has no owner, dosName or label"
	}
	return ""
}

func (s source) lacksColumn(f field) string {
	all := s.migrations
	return firstNonEmpty(
		lacksIn("the table profile", all, `(?s)(create table profile \([^;]*\n\s+|alter table profile\s[^;]*add column )`+f.column()+` `),
		lacksIn("comment on column profile", all, `comment on column profile\.`+f.column()+` is `),
	)
}

func (s source) lacksOwner(f field) string {
	return lacksIn("the table field_owner", s.migrations, `(?s)insert into field_owner \(field, owner\) values[^;]*`+f.withOwner())
}

func (s source) lacksAudit(f field) string {
	if f.inColumn() {
		return lacksIn("the function profile_updated", s.function("profile_updated"), f.quoted())
	}
	return lacksIn("no trigger part_written", s.function("part_written")+strings.Join(s.audited(), ""), `'`+f.name+`'`)
}

func (s source) isChecked(f field) bool {
	return f.owner == "OwnedByEditor" && f.isChange() && !slices.Contains(s.listedIn("Checks", "no section"), f.name)
}

func (s source) lacksSection(f field) string {
	return lacksIn("the function edited_by_person", s.function("edited_by_person"), f.quoted())
}

func (s source) lacksRegister(f field) string { return s.lacksIdent("connectors/ods", f, nil) }

func (s source) lacksCreation(f field) string {
	columns, rest, _ := strings.Cut(s.query("ApplyCreations"), "select ")
	values, read, _ := strings.Cut(rest, "json_to_record")
	return firstNonEmpty(
		lacksIn("the columns of ApplyCreations", columns, f.inSQL()),
		lacksIn("what ApplyCreations inserts", values, `\bv\.`+f.column()+`\b`),
		lacksIn("what ApplyCreations reads", read, f.inSQL()+` text`),
	)
}

func (s source) lacksUpdate(f field) string {
	query := s.query("ApplyUpdates")
	return firstNonEmpty(
		lacksIn("what ApplyUpdates sets", query, f.inSQL()+` = coalesce\(`),
		lacksIn("what ApplyUpdates reads", query, `field = '`+f.name+`'\) as `+f.column()),
	)
}

func (s source) lacksMove(f field) string {
	return lacksIn("the query MarkMoved", s.query("MarkMoved"), "when '"+f.name+"' then ")
}

func (s source) lacksUndo(f field) string {
	query := s.query("RestoreValues")
	return firstNonEmpty(
		lacksIn("what RestoreValues sets", query, f.inSQL()+` = coalesce\(`),
		lacksIn("what RestoreValues reads", query, f.inSQL()+` (text|boolean)`),
	)
}

func (s source) lacksProfile(f field) string {
	return firstNonEmpty(
		lacksIn("the query LoadProfiles", s.query("LoadProfiles"), f.inSQL()),
		s.lacksIdent("connectors/postgres", f, []string{"Profile"}),
	)
}

func (s source) isPushed(f field) bool {
	return f.inColumn() || !slices.Contains(s.listedIn("What a push says", "DoS"), f.name) ||
		!slices.Contains(s.listedIn("What a push says", "the website"), f.name)
}

func (s source) lacksPush(f field) string {
	if f.inColumn() {
		return firstNonEmpty(
			lacksIn("the query LoadPushes", s.query("LoadPushes"), `\bp\.`+f.column()+`\b`),
			s.lacksKey(f),
		)
	}
	return firstNonEmpty(
		lacksIn("the query LoadPushes", s.query("LoadPushes"), `\bas `+f.column()+`\b`),
		s.lacksIdent("connectors/postgres", f, []string{"wholeProfile"}),
	)
}

// lacksKey requires the column's Go name in the function that assembles a profile.
func (s source) lacksKey(f field) string {
	const dir, function = "connectors/postgres", "wholeProfile"
	if s.used[use{dir, f.goName()}][function] > 0 || s.used[use{dir, f.ident}][function] > 0 {
		return ""
	}
	return dir + ": " + function + " without " + f.goName()
}

func (s source) lacksDoS(f field) string {
	return s.lacksSink(f, "connectors/dos", "DoS", "pharmacies", "Route")
}

func (s source) lacksWebsite(f field) string {
	return s.lacksSink(f, "connectors/website", "the website", "fields", "parentField")
}

// lacksSink requires a field in a route of the sink and in the code that writes it,
// or in the rules as one that the sink is never told.
func (s source) lacksSink(f field, dir, sink string, routes ...string) string {
	if slices.Contains(s.listedIn("What a push says", sink), f.name) {
		return ""
	}
	return firstNonEmpty(s.lacksIdent(dir, f, routes), s.lacksElsewhere(dir, f, routes))
}

// lacksDrift requires that a field of change events can be read back, or that DoS
// only logs it. DoS does not show status and visibility there.
func (s source) lacksDrift(f field) string {
	used := s.used[use{"connectors/dos", f.ident}]
	if used["pharmacies"] == 1 && used["eventFields"] == 0 && f.name != "status" && f.name != "hidden" {
		return "connectors/dos/sink.go sends it along the change events, and neither reader.go shows nor sink.go notes it"
	}
	return ""
}

func (s source) lacksRule(f field) string {
	text, _ := fs.ReadFile(s.tree, rulesPage)
	return lacksIn(`reconcile/RULES.md "Who owns which field", beside `+f.ownerName(), section(string(text), "Who owns which field"),
		`(?m)^\|([^|]*[ ,])?`+f.name+`\b[^|-]*(,[^|]*|:[^|]*)?\| `+f.ownerName()+` \|`)
}

// lacksIdent requires the field's constant in the code of a folder or, if functions
// are given, in one of them.
func (s source) lacksIdent(dir string, f field, functions []string) string {
	if s.uses(dir, f.ident, func(function string) bool { return functions == nil || slices.Contains(functions, function) }) {
		return ""
	}
	return dir + ": " + strings.Join(functions, " and ") + " without profile." + f.ident
}

// lacksElsewhere requires the constant outside the routes too. parentField, which
// depends on the type of organisation, counts as both.
func (s source) lacksElsewhere(dir string, f field, routes []string) string {
	if s.uses(dir, f.ident, func(function string) bool { return !slices.Contains(routes, function) || function == "parentField" }) {
		return ""
	}
	return dir + ": in a route, and nothing writes profile." + f.ident
}
