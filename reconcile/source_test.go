package reconcile_test

import (
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// What tests of documents need to know about the tree: where Go uses an identifier,
// and what SQL and the rules say.

// source is the tree as text and as syntax.
type source struct {
	tree fs.FS
	pkgs packages
	used map[use]map[string]int // by function, "" outside of any

	migrations string // all of them, one after the other
}

// use is an identifier in a system's folder.
type use struct{ dir, ident string }

func readTree(tree fs.FS) (source, error) {
	pkgs, err := readPackages(tree)
	return source{tree: tree, pkgs: pkgs, used: uses(pkgs), migrations: migrations(tree)}, err
}

// uses counts the identifiers of the connectors' code.
func uses(pkgs packages) map[use]map[string]int {
	count := map[use]map[string]int{}
	for dir, p := range pkgs {
		parts := strings.SplitN(dir, "/", 3)
		for _, f := range p.files {
			if parts[0] != "connectors" || len(parts) < 2 || !f.isHeld() {
				continue
			}
			for _, declared := range f.syntax.Decls {
				function := ""
				if declared, ok := declared.(*ast.FuncDecl); ok {
					function = declared.Name.Name
				}
				ast.Inspect(declared, func(node ast.Node) bool {
					if id, ok := node.(*ast.Ident); ok {
						at := use{parts[0] + "/" + parts[1], id.Name}
						if count[at] == nil {
							count[at] = map[string]int{}
						}
						count[at][function]++
					}
					return true
				})
			}
		}
	}
	return count
}

// uses reports whether a folder's code uses an identifier in a function that in
// accepts.
func (s source) uses(dir, ident string, in func(function string) bool) bool {
	for function := range s.used[use{dir, ident}] {
		if in(function) {
			return true
		}
	}
	return false
}

func migrations(tree fs.FS) (text string) {
	names, _ := fs.Glob(tree, "connectors/postgres/migrations/*.sql")
	for _, name := range names {
		content, _ := fs.ReadFile(tree, name)
		text += string(content)
	}
	return text
}

// function returns the newest definition of a function of the database.
func (s source) function(name string) string {
	all := s.migrations
	starts := regexp.MustCompile(`create (or replace )?function `+name+`\(`).FindAllStringIndex(all, -1)
	if starts == nil {
		return ""
	}
	text := all[starts[len(starts)-1][0]:]
	if end := strings.Index(text, "end $$;"); end >= 0 {
		return text[:end+len("end $$;")]
	}
	return text
}

// audited returns the triggers of parts, with the name of the field.
func (s source) audited() []string {
	return regexp.MustCompile(`execute function part_written\('[a-z-]+'\)`).FindAllString(s.migrations, -1)
}

// query returns a query of the store by its name for sqlc.
func (s source) query(name string) string {
	at, text := s.queryIn(name)
	if at == "" {
		return ""
	}
	return text
}

// queryIn also returns the file that holds it.
func (s source) queryIn(name string) (file, query string) {
	for _, pattern := range []string{"connectors/postgres/*/*.sql", "connectors/postgres/*.sql"} {
		files, _ := fs.Glob(s.tree, pattern)
		for _, file := range files {
			content, _ := fs.ReadFile(s.tree, file)
			if _, text, found := strings.Cut(string(content), "-- name: "+name+" "); found && path.Base(path.Dir(file)) != "migrations" {
				text, _, _ = strings.Cut(text, "\n-- name: ")
				return file, text
			}
		}
	}
	return "", ""
}

// listedIn returns the names in a row or a sentence of the rules: `| DoS | a, b |`,
// or "Edits of a, b and c check no section."
func (s source) listedIn(heading, about string) []string {
	text, _ := fs.ReadFile(s.tree, rulesPage)
	for line := range strings.Lines(section(string(text), heading)) {
		cells := strings.Split(line, "|")
		if len(cells) == 4 && strings.TrimSpace(cells[1]) == about {
			return regexp.MustCompile(`[a-z-]+`).FindAllString(cells[2], -1)
		}
	}
	return nil
}

// section returns the text of a document below a heading, up to the next one.
func section(text, heading string) string {
	_, below, _ := strings.Cut(text, "\n## "+heading+"\n")
	below, _, _ = strings.Cut(below, "\n## ")
	return below
}
