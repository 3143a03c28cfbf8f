package cases

import "embed"

//go:embed runbook/*.md
var runbook embed.FS

// Page returns the page of the runbook about a kind: what it means for patients, where
// to look first, what to do, whom to ask.
func (k Kind) Page() string {
	page, err := runbook.ReadFile("runbook/" + string(k) + ".md")
	if err != nil { // a kind that is no more; a test wants a page for all others
		return ""
	}
	return string(page)
}
