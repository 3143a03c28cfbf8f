package effect

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// How DoS stores what an event says (CONTRACT.md "How DoS compares").

// word is a word of an address: letters, and once an apostrophe between letters.
var word = regexp.MustCompile(`[A-Za-z]+('[A-Za-z]+)?`)

// storedAddress returns the lines that are not blank, capitalised by word, without
// apostrophes, with "and" for &.
func storedAddress(lines ...string) string {
	var kept []string
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		line = word.ReplaceAllStringFunc(line, func(w string) string { return strings.ToUpper(w[:1]) + strings.ToLower(w[1:]) })
		kept = append(kept, strings.NewReplacer("'", "", "&", "and").Replace(line))
	}
	return strings.Join(kept, "\n")
}

// compact returns a postcode as DoS compares it.
func compact(postcode string) string {
	return strings.ToUpper(strings.Join(strings.Fields(postcode), ""))
}

// spaced returns a postcode as DoS writes it: the inward part is three characters.
func spaced(compact string) string { return profile.NormalisePostcode(compact) }

// storedWebsite returns an address with its scheme and host in lower case, or all of it
// if it has no scheme, and without an empty parameter, query or fragment.
func storedWebsite(text string) string {
	text = strings.TrimSpace(text)
	front := ""
	if scheme, rest, whole := strings.Cut(text, "://"); whole {
		end := strings.IndexAny(rest+"/", "/?#")
		front, text = strings.ToLower(scheme+"://"+rest[:end]), rest[end:]
	}
	text, fragment, _ := strings.Cut(text, "#")
	path, query, _ := strings.Cut(text, "?")
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if name, parameter, found := strings.Cut(segment, ";"); found && parameter == "" {
		path = strings.TrimSuffix(path, segment) + name
	}
	if query != "" {
		path += "?" + query
	}
	if fragment != "" {
		path += "#" + fragment
	}
	if front == "" {
		return strings.ToLower(path)
	}
	return front + path
}

// A website has an optional scheme, labels of two or more characters without a port,
// and nothing but a path after them.
var websiteShape = regexp.MustCompile(`^(https?://)?([a-z0-9][a-z0-9-]*[a-z0-9]\.)+[a-z]{2,}(/.*)?$`)

// longestWebsite is how many characters DoS stores.
const longestWebsite = 512

func isWebsite(site string) bool {
	return len(site) <= longestWebsite && websiteShape.MatchString(site)
}

// acronyms stay in capitals in the names of the ingest.
var acronyms = []string{"NHS", "GP", "ICB", "PCN"}

// StoredName returns a name as the ingest stores it: in title case, in which a letter
// after anything but a letter is a capital, with single spaces and some acronyms
// (CONTRACT.md "The Organization body").
func StoredName(name string) string {
	words := strings.Fields(strings.ToLower(name))
	for i, text := range words {
		words[i] = capitalised(text)
		for _, acronym := range acronyms {
			if strings.EqualFold(text, acronym) {
				words[i] = acronym
			}
		}
	}
	return strings.Join(words, " ")
}

// capitalised returns a text in small letters with a capital after anything but a
// letter.
func capitalised(text string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		written := r
		if !unicode.IsLetter(before) {
			written = unicode.ToTitle(r)
		}
		before = r
		return written
	}, text)
}
