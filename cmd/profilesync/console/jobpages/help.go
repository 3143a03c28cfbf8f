package jobpages

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
)

// helped is one of River's pages with what it lacks: names that screen readers and people who
// speak to their browser need, by a script of ours, and a word where no script runs.
func helped(header http.Header, body []byte) []byte {
	if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		return body
	}
	head := fmt.Sprintf(`<link rel="stylesheet" href="%s"><script src="%s" defer></script></head>`,
		html.EscapeString(page.Asset("jobs.css")), html.EscapeString(page.Asset("jobs.js")))
	body = bytes.Replace(body, []byte("</head>"), []byte(head), 1)
	return bytes.Replace(body, []byte("</body>"), []byte(scriptless+"</body>"), 1)
}

// scriptless is what the page says in a browser that runs no script.
const scriptless = `<noscript><main><h1>Jobs</h1><p>These pages are River's own, and need a browser that runs scripts.
<a href="/now">Now</a> says without a script how many jobs wait, run and fail.</p></main></noscript>`
