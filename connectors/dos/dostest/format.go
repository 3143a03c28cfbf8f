package dostest

import (
	"regexp"
	"strings"
	"unicode"
)

// dosAddress writes the lines of an address as DoS stores them: words capitalised,
// apostrophes removed, & as and, joined by $ (CONTRACT.md "How DoS compares"). Spaces
// do not change, and only ASCII letters form words.
func dosAddress(e *event) string {
	var lines []string
	for _, line := range []string{e.Address1, e.Address2, e.Address3, e.Address4, e.City, e.County} {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, strings.ReplaceAll(capitalise(line), "&", "and"))
		}
	}
	return strings.Join(lines, "$")
}

// capitalise upper-cases the first letter of each word and lower-cases the rest;
// an apostrophe between letters does not end a word, and is dropped.
func capitalise(line string) string {
	var b strings.Builder
	inWord, dropped := false, false
	for _, r := range line {
		switch {
		case r == '\'':
			dropped = inWord && !dropped // letters'letters is one word; a second ' starts another
			inWord = dropped
		case r <= unicode.MaxASCII && unicode.IsLetter(r):
			if inWord {
				r = unicode.ToLower(r)
			} else {
				r = unicode.ToUpper(r)
			}
			inWord = true
			b.WriteRune(r)
		default:
			inWord, dropped = false, false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// compact returns a postcode without spaces, in capitals.
func compact(postcode string) string {
	return strings.ToUpper(strings.Join(strings.Fields(postcode), ""))
}

// spaced returns a postcode as the table of locations spells it.
func spaced(postcode string) string {
	text := compact(postcode)
	if len(text) < 4 {
		return text
	}
	return text[:len(text)-3] + " " + text[len(text)-3:]
}

// website stores an address as the pipeline does, which takes it apart and puts it
// together again (CONTRACT.md "How DoS compares"): the host becomes lower case, or all of
// it if there is no host, and a parameter, query or fragment that is empty gets lost.
func website(text string) string {
	text = strings.TrimSpace(text)
	var front string // scheme and host
	if i := strings.IndexByte(text, ':'); i > 0 && schemeShape.MatchString(text[:i]) {
		front, text = strings.ToLower(text[:i+1]), text[i+1:]
	}
	host, rest := "", text
	if strings.HasPrefix(text, "//") {
		host, rest = text, ""
		if i := strings.IndexAny(text[2:], "/?#"); i >= 0 {
			host, rest = text[:i+2], text[i+2:]
		}
		front += strings.ToLower(host)
	}
	rest, fragment := part(rest, "#", 0)
	rest, query := part(rest, "?", 0)
	path, parameters := part(rest, ";", max(strings.LastIndexByte(rest, '/'), 0))
	if len(host) <= len("//") {
		return strings.ToLower(front + path + parameters + query + fragment)
	}
	return front + path + parameters + query + fragment
}

// part cuts off what follows a mark, with the mark unless nothing follows.
func part(text, mark string, from int) (before, after string) {
	i := strings.Index(text[from:], mark)
	if i < 0 {
		return text, ""
	}
	before, after = text[:from+i], text[from+i:]
	if after == mark {
		after = ""
	}
	return before, after
}

var schemeShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// webAccepted is the pipeline's own rule for websites.
var webAccepted = regexp.MustCompile(`^(https?://)?([a-z\d][a-z\d-]*[a-z\d]\.)+[a-z]{2,}(/.*)?$`)

// dosPhone does not validate the number, like the pipeline.
func dosPhone(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), " ", "") }

// title is Python's str.title with runs of spaces collapsed and four acronyms restored,
// as the FHIR ingest stores names (CONTRACT.md "The Organization body").
func title(name string) string {
	var b strings.Builder
	inWord := false
	for _, r := range name {
		cased := unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
		switch {
		case cased && inWord:
			b.WriteRune(unicode.ToLower(r))
		case cased:
			b.WriteRune(unicode.ToTitle(r))
		default:
			b.WriteRune(r)
		}
		inWord = cased
	}
	words := strings.Fields(b.String())
	for i, word := range words {
		switch upper := strings.ToUpper(word); upper {
		case "NHS", "GP", "ICB", "PCN":
			words[i] = upper
		}
	}
	return strings.Join(words, " ")
}

var phoneCharacters = regexp.MustCompile(`^[\d+() ]+$`)

// validPhones approximates the British numbering plan, in national form without
// spaces (CONTRACT.md "Telephone patterns").
var validPhones = regexp.MustCompile(`^(0[1235789]\d{9}|01\d{8}|0800\d{6,7}|08001111|0845464\d)$`)

// phoneError says what the FHIR ingest finds wrong with a phone number; empty for
// nothing.
func phoneError(text string) string {
	if !phoneCharacters.MatchString(text) {
		return "invalid characters found: " + text
	}
	number := strings.NewReplacer(" ", "", "(", "", ")", "").Replace(text)
	for _, abroad := range []string{"+44", "0044"} {
		if rest, found := strings.CutPrefix(number, abroad); found {
			number = "0" + strings.TrimPrefix(rest, "0")
		}
	}
	if !validPhones.MatchString(number) {
		return "not a valid GB number: " + text
	}
	return ""
}
