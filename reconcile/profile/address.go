package profile

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An address is read as parts of words: a part is a line, or a piece of a line
// between commas. Two addresses are the same if the parts of one can be
// rearranged into the other, splitting a part only where the other address has
// a break; so a number stays with the words beside it. If that fails, parts
// that may come and go are set aside and the rest is compared again.
//
//	81 BRAMCOTE LANE,CHILWELL     81 Bramcote Lane          same
//	12 PARK ROAD, FLAT 3          FLAT 3 12 PARK ROAD       same
//	12 PARK ROAD, FLAT 3          3 PARK ROAD, FLAT 12      a change
//	LEEDS, WEST YORKSHIRE         LEEDS                     same
//	LEEDS, WEST YORKSHIRE         LEEDS, NORTH YORKSHIRE    a change
func sameAddress(a, b string, names []string) bool {
	var bufferA, bufferB [bufferSize]byte
	wordsA, wordsB := appendWords(bufferA[:0], a, true), appendWords(bufferB[:0], b, true)
	if alike(wordsA, wordsB) {
		return true
	}
	keys := nameKeys(names)
	var keepA, keepB [bufferSize]byte
	keptA, asideA := setAside(keepA[:0], wordsA, keys)
	keptB, asideB := setAside(keepB[:0], wordsB, keys)
	if len(keptA) == 0 || !asideA.explains(asideB) {
		return false // a whole address does not come or go as noise
	}
	return alike(keptA, keptB)
}

// alike compares two texts of appendWords: letter for letter without spacing,
// or part by part in any order.
func alike(a, b []byte) bool {
	var bufferA, bufferB [bufferSize]byte
	if bytes.Equal(appendSquashed(bufferA[:0], a), appendSquashed(bufferB[:0], b)) {
		return true
	}
	if len(a) != len(b) {
		return false // one gap per word, so the same words have the same length
	}
	var partsA, partsB [8][]byte
	return rearranged(appendParts(partsA[:0], a), appendParts(partsB[:0], b)) ||
		rearranged(appendParts(partsB[:0], b), appendParts(partsA[:0], a))
}

// rearranged overwrites its arguments. It cancels equal parts, then splits what
// is left of a along what is left of b, as long as that makes progress. If
// several splits are possible it takes the longest: a wrong one can only lead
// to "not the same".
func rearranged(a, b [][]byte) bool {
	for i, part := range a {
		if j := slices.IndexFunc(b, func(p []byte) bool { return bytes.Equal(p, part) }); j >= 0 {
			a[i], b[j] = nil, nil
		}
	}
	for progress := true; progress; {
		progress = false
		for i := range a {
			for ok := true; ok && len(a[i]) > 0; {
				if a[i], ok = cut(a[i], b); ok {
					progress = true
				}
			}
		}
	}
	return allEmpty(a) && allEmpty(b)
}

func allEmpty(parts [][]byte) bool {
	return !slices.ContainsFunc(parts, func(p []byte) bool { return len(p) > 0 })
}

// cut removes from the part a part of b that it begins with, or removes the
// whole part from the beginning of a part of b; otherwise it returns the part
// unchanged.
func cut(part []byte, b [][]byte) (rest []byte, ok bool) {
	longest := -1
	for i, other := range b {
		if _, leads := after(part, other); leads && (longest < 0 || len(other) > len(b[longest])) {
			longest = i
		}
	}
	if longest >= 0 {
		rest, _ = after(part, b[longest])
		b[longest] = nil
		return rest, true
	}
	for i, other := range b {
		if left, leads := after(other, part); leads {
			b[i] = left
			return nil, true
		}
	}
	return part, false
}

// after returns what follows the leading words in the part.
func after(part, leading []byte) (rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(part, leading)
	if !ok || len(leading) == 0 || len(rest) > 0 && rest[0] != ' ' {
		return nil, false
	}
	return bytes.TrimPrefix(rest, []byte(" ")), true
}

// appendWords writes the words in upper case without punctuation, one space
// between two words and, with breaks, a line feed between two parts. A part of
// numbers alone belongs to the next part: "12, HIGH STREET" is one.
func appendWords(dst []byte, text string, breaks bool) []byte {
	start, gap, letters := len(dst), byte(0), false
	for _, r := range text {
		switch {
		case r == '&':
			dst, _ = openWord(dst, start, gap, letters)
			dst = append(dst, "AND"...)
			gap, letters = ' ', true
		case isWord(r):
			if gap != 0 {
				dst, letters = openWord(dst, start, gap, letters)
				gap = 0
			}
			letters = letters || !unicode.IsDigit(r)
			dst = appendUpper(dst, r)
		case breaks && (r == '\n' || r == ',' || r == ';'):
			gap = '\n'
		case gap == 0 && !isApostrophe(r):
			gap = ' '
		}
	}
	return dst
}

// openWord writes the gap before a word: a break only if the part so far has
// letters; the next part then starts without any.
func openWord(dst []byte, start int, gap byte, letters bool) ([]byte, bool) {
	if len(dst) == start {
		return dst, letters
	}
	if gap == '\n' && letters {
		return append(dst, '\n'), false
	}
	return append(dst, ' '), letters
}

// appendSquashed is appendWords without the gaps, except those that separate
// numbers: a space between digits, or a break beside one.
func appendSquashed(dst, words []byte) []byte {
	for i, c := range words {
		switch {
		case c == ' ' && (!isDigit(words[i-1]) || !isDigit(words[i+1])),
			c == '\n' && !isDigit(words[i-1]) && !isDigit(words[i+1]):
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func appendSortedLines(dst []byte, address string) []byte {
	var buffer [bufferSize]byte
	var room [8][]byte
	parts := appendParts(room[:0], appendWords(buffer[:0], address, true))
	slices.SortFunc(parts, bytes.Compare)
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = append(dst, part...)
	}
	return dst
}

func appendParts(dst [][]byte, words []byte) [][]byte {
	for len(words) > 0 {
		part, rest, _ := bytes.Cut(words, []byte("\n"))
		dst, words = append(dst, part), rest
	}
	return dst
}

func appendUpper(dst []byte, r rune) []byte {
	switch {
	case r >= 'a' && r <= 'z':
		r += 'A' - 'a'
	case r >= utf8.RuneSelf:
		r = unicode.ToUpper(r)
	}
	return utf8.AppendRune(dst, r)
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '‘' || r == '`' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// aside holds the counties and names that were set aside from an address.
type aside struct{ counties, names bits }

// explains reports whether counties and names were only dropped or only added,
// never replaced by another.
func (a aside) explains(b aside) bool {
	return a.counties.nested(b.counties) && a.names.nested(b.names)
}

type bits [2]uint64

func (s bits) with(i int) bits {
	s[i/64%len(s)] |= 1 << (i % 64)
	return s
}

func (s bits) nested(t bits) bool { return s.within(t) || t.within(s) }

func (s bits) within(t bits) bool { return s[0]&^t[0] == 0 && s[1]&^t[1] == 0 }

// setAside copies the words without the parts that are a county or a name.
func setAside(dst, words []byte, names [][]byte) ([]byte, aside) {
	var found aside
	var room [8][]byte
	for _, part := range appendParts(room[:0], words) {
		if id, ok := counties[string(part)]; ok {
			found.counties = found.counties.with(id)
			continue
		}
		if i := nameOf(part, names); i >= 0 {
			found.names = found.names.with(i)
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, '\n')
		}
		dst = append(dst, part...)
	}
	return dst, found
}

func nameKeys(names []string) [][]byte {
	keys := make([][]byte, len(names))
	for i, name := range names {
		keys[i] = appendName(nil, name)
	}
	return keys
}

// nameOf returns the index of the key that the part equals; negative if there
// is none.
func nameOf(part []byte, keys [][]byte) int {
	var buffer [bufferSize]byte
	return slices.IndexFunc(keys, func(key []byte) bool {
		return len(key) > 0 && len(key) <= len(part) && key[0] == part[0] &&
			bytes.Equal(key, appendSquashed(buffer[:0], part))
	})
}

// counties numbers every county in the register, under each spelling. The name
// of a county that is also a post town (Bristol, Durham, London) is left out,
// since a town is a fact.
var counties = numbered(
	"AVON", "BEDFORDSHIRE|BEDS", "BERKSHIRE|BERKS|ROYAL COUNTY OF BERKSHIRE", "BUCKINGHAMSHIRE|BUCKS",
	"CAMBRIDGESHIRE|CAMBS", "CHESHIRE", "CLEVELAND", "CORNWALL", "CUMBERLAND", "CUMBRIA", "DERBYSHIRE", "DEVON",
	"DORSET", "COUNTY DURHAM|CO DURHAM", "EAST SUSSEX|E SUSSEX",
	"EAST YORKSHIRE|E YORKSHIRE|EAST RIDING OF YORKSHIRE", "ESSEX", "GLOUCESTERSHIRE|GLOS", "GREATER LONDON",
	"GREATER MANCHESTER|GTR MANCHESTER", "HAMPSHIRE|HANTS", "HEREFORD AND WORCESTER", "HEREFORDSHIRE",
	"HERTFORDSHIRE|HERTS", "HUMBERSIDE", "HUNTINGDONSHIRE", "ISLE OF WIGHT", "ISLES OF SCILLY", "KENT",
	"LANCASHIRE|LANCS", "LEICESTERSHIRE|LEICS", "LINCOLNSHIRE|LINCS", "MERSEYSIDE", "MIDDLESEX|MIDDX",
	"NORFOLK", "NORTH HUMBERSIDE|N HUMBERSIDE", "NORTH YORKSHIRE|N YORKSHIRE|NORTH YORKS",
	"NORTHAMPTONSHIRE|NORTHANTS", "NORTHUMBERLAND", "NOTTINGHAMSHIRE|NOTTS", "OXFORDSHIRE|OXON", "RUTLAND",
	"SHROPSHIRE|SALOP", "SOMERSET", "SOUTH HUMBERSIDE|S HUMBERSIDE", "SOUTH YORKSHIRE|S YORKSHIRE|SOUTH YORKS",
	"STAFFORDSHIRE|STAFFS", "SUFFOLK", "SURREY", "SUSSEX", "TYNE AND WEAR", "WARWICKSHIRE|WARKS",
	"WEST MIDLANDS|W MIDLANDS", "WEST SUSSEX|W SUSSEX", "WEST YORKSHIRE|W YORKSHIRE|WEST YORKS", "WESTMORLAND",
	"WILTSHIRE|WILTS", "WORCESTERSHIRE|WORCS", "YORKSHIRE|YORKS", "ANGLESEY|ISLE OF ANGLESEY",
	"CAERNARFONSHIRE", "CARMARTHENSHIRE", "CEREDIGION", "DENBIGHSHIRE", "FLINTSHIRE", "GLAMORGAN",
	"MONMOUTHSHIRE", "PEMBROKESHIRE", "CLWYD", "DYFED", "GWENT", "GWYNEDD", "MID GLAMORGAN|M GLAMORGAN",
	"POWYS", "SOUTH GLAMORGAN|S GLAMORGAN", "WEST GLAMORGAN|W GLAMORGAN",
)

func numbered(lists ...string) map[string]int {
	ids := make(map[string]int)
	for id, list := range lists {
		for name := range strings.SplitSeq(list, "|") {
			ids[name] = id
		}
	}
	return ids
}
