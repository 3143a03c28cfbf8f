package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"time"
)

//go:embed layout.tmpl blocks.tmpl form.tmpl
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Assets are the files that pages need: console.css, console.js and icon.svg, and what River's
// own pages lack: jobs.css and jobs.js.
func Assets() fs.FS {
	sub, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// version tells the assets of this program from those of another, so that browsers can
// keep them.
var version = versionOf(Assets())

func versionOf(files fs.FS) string {
	sum := sha256.New()
	for _, name := range []string{"console.css", "console.js", "icon.svg", "jobs.css", "jobs.js"} {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // it is embedded
		}
		_, _ = sum.Write(content) // it never fails
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

var templates = parsed()

func parsed() *template.Template {
	t := template.New("console")
	t.Funcs(template.FuncMap{
		"show":    func(b Block) (template.HTML, error) { return shown(t, b) },
		"asset":   Asset,
		"instant": func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	})
	return template.Must(t.ParseFS(templateFiles, "*.tmpl"))
}

// Asset is the address of one of the assets of this program.
func Asset(name string) string { return "/assets/" + name + "?" + url.Values{"v": {version}}.Encode() }

// shown is a block as HTML.
func shown(t *template.Template, b Block) (template.HTML, error) {
	var out bytes.Buffer
	err := t.ExecuteTemplate(&out, b.block(), b)
	return template.HTML(out.String()), err //nolint:gosec // it is what html/template wrote
}

// Write writes a page. What comes from data is escaped.
func Write(to io.Writer, p Page) error {
	if err := templates.ExecuteTemplate(to, "layout", p); err != nil {
		return fmt.Errorf("writing the page %q: %w", p.Title, err)
	}
	return nil
}
