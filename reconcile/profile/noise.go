package profile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
)

// noise is the part of a field's values that carries no meaning.
type noise uint8

const (
	none         noise = iota // every byte counts
	ofNames                   // case, punctuation and spacing
	ofAddresses               // the split and order of lines, counties, lines that repeat the name
	ofSpacing                 // and case
	ofPhones                  // punctuation, spacing and the form of the country code
	ofWebsites                // case of the host, slashes at the end, parts that are empty
	ofRoles                   // their order
	ofWeeks                   // the order of periods, periods that touch
	ofDates                   // the same for single days
	ofFacilities              // their order
	ofServices                // the same
)

// Same reports whether two values of a field differ only in noise: in how a
// fact is written, not in the fact (RULES.md "What is not a change"). It is
// reflexive and symmetric. For addresses it is not transitive: "KENT" dropped
// and "ESSEX" added are noise each, the one replaced by the other is a change.
//
// The names matter only for addresses, in which a line that repeats one of them
// may come and go. Pass only the register's name: a line with our old name must
// be corrected in the same run as the name, or the next run would find it.
func Same(f Field, a, b string, names ...string) bool {
	if a == b {
		return true
	}
	if definitions[f].noise == ofAddresses {
		return sameAddress(a, b, names)
	}
	var left, right [bufferSize]byte
	return bytes.Equal(appendCanonical(left[:0], f, a), appendCanonical(right[:0], f, b))
}

// Enough for all but unusual values, so that comparing does not allocate.
const bufferSize = 128

// appendCanonical appends the key of a value without its noise, for comparison,
// never for display. Equal keys mean Same; the reverse holds for all fields but
// the address, whose key keeps counties, building lines and the split of lines.
func appendCanonical(dst []byte, f Field, value string) []byte {
	switch definitions[f].noise {
	case ofNames:
		return appendName(dst, value)
	case ofAddresses:
		return appendSortedLines(dst, value)
	case ofSpacing:
		return appendSpaceless(dst, value)
	case ofPhones:
		return appendPhone(dst, value)
	case ofWebsites:
		return append(dst, canonicalWebsite(value)...)
	case ofRoles:
		return append(dst, canonicalRoles(value)...)
	case ofWeeks:
		return append(dst, canonicalWeek(value)...)
	case ofDates:
		return append(dst, canonicalDated(value)...)
	case ofFacilities:
		return append(dst, canonicalFacilities(value)...)
	case ofServices:
		return append(dst, canonicalServices(value)...)
	default:
		return append(dst, value...)
	}
}

// appendName drops only case, punctuation and spacing. A name without any
// letter or digit is its own key, so that it differs from an empty name.
func appendName(dst []byte, name string) []byte {
	var buffer [bufferSize]byte
	words := appendWords(buffer[:0], name, false)
	if len(words) == 0 {
		return append(dst, name...)
	}
	return appendSquashed(dst, words)
}

func appendSpaceless(dst []byte, value string) []byte {
	for _, r := range value {
		if !unicode.IsSpace(r) {
			dst = appendUpper(dst, r)
		}
	}
	return dst
}

// appendPhone keeps letters and digits ("ext 12" tells phones apart) and
// replaces the country code (+44, 0044, +44 (0)) by 0.
func appendPhone(dst []byte, phone string) []byte {
	start := len(dst)
	for _, r := range phone {
		if isWord(r) || r == '+' && len(dst) == start {
			dst = appendUpper(dst, r)
		}
	}
	number := dst[start:]
	for _, code := range []string{"+44", "0044"} {
		if national, ok := bytes.CutPrefix(number, []byte(code)); ok && len(national) > 0 {
			national = bytes.TrimPrefix(national, []byte("0"))
			return append(append(dst[:start], '0'), national...)
		}
	}
	return dst
}

// canonicalWebsite lower-cases scheme and host (all of an address without a scheme),
// and drops trailing slashes of the path and a parameter, query or fragment that is
// empty. The scheme itself, the path's case, query and fragment are facts.
func canonicalWebsite(address string) string {
	address = strings.TrimSpace(address)
	address, fragment, _ := strings.Cut(address, "#")
	address, query, _ := strings.Cut(address, "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		address, query, fragment = strings.ToLower(address), strings.ToLower(query), strings.ToLower(fragment)
	} else {
		host, path, _ := strings.Cut(rest, "/")
		address = strings.ToLower(scheme+"://"+host) + "/" + path
	}
	last := address[strings.LastIndexByte(address, '/')+1:]
	if strings.IndexByte(last, ';') == len(last)-1 {
		address = strings.TrimSuffix(address, ";")
	}
	if address = strings.TrimRight(address, "/"); query != "" {
		address += "?" + query
	}
	if fragment != "" {
		address += "#" + fragment
	}
	return address
}

func canonicalRoles(roles string) string {
	list := strings.Split(strings.ToUpper(roles), "|")
	for i, role := range list {
		list[i] = strings.TrimSpace(role)
	}
	slices.Sort(list)
	return strings.Join(list, "|")
}

// Digest is the hash of a record's facts: standing, dates and the canonical key
// of each stated field, without the code. Records with equal digests have equal
// standing and dates, and values that are Same, so they need no comparison. The
// reverse does not hold (one county more, a line split elsewhere): a digest
// only saves work, Same decides.
func (r Record) Digest() Hash {
	facts := make([]byte, 0, 512)
	for _, fact := range []string{string(r.Standing), r.Opened.String(), r.Closed.String()} {
		facts = AppendFact(facts, NoField, []byte(fact))
	}
	var buffer [bufferSize]byte
	for f := NoField + 1; f < numFields; f++ {
		if r.Values.States(f) {
			facts = AppendFact(facts, f, appendCanonical(buffer[:0], f, r.Values.Get(f)))
		}
	}
	sum := sha256.Sum256(facts)
	return Hash(sum[:len(Hash{})])
}

// AppendFact appends field, length and key, so that different lists of facts
// have different bytes.
func AppendFact(dst []byte, f Field, key []byte) []byte {
	dst = append(dst, byte(f))
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}
