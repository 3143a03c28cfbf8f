package cases

import (
	"slices"
	"strings"
	"unicode"
)

// nearlySame reports whether two names seem to be one: the same words but for case,
// punctuation, spaces, order and words that say little, and at most one of them
// misspelt. Numbers, single letters and short words tell places apart: practice 1 and
// practice 2 of a health centre, East Street and West Street. A name that only says what
// sort of place it is, such as Dental Surgery, is not compared.
func nearlySame(a, b string) bool {
	left, right := tellingWords(a), tellingWords(b)
	if isSort(left) || isSort(right) {
		return false
	}
	if strings.Join(left, "") == strings.Join(right, "") {
		return true
	}
	slices.Sort(left)
	slices.Sort(right)
	onlyLeft, onlyRight := without(left, right), without(right, left)
	switch {
	case len(onlyLeft) == 0 && len(onlyRight) == 0:
		return true
	case len(onlyLeft) == 1 && len(onlyRight) == 1:
		return misspelt(onlyLeft[0], onlyRight[0])
	default:
		return false
	}
}

// sayLittle are words that one of two names of a place often lacks.
var sayLittle = map[string]bool{
	"the": true, "and": true, "of": true, "at": true, "uk": true, "plc": true, "llp": true, "ltd": true, "limited": true, "co": true,
	"company": true, "pharmacy": true, "pharmacies": true, "chemist": true, "chemists": true, "dispensing": true,
}

// sorts are words that say what sort of place it is.
var sorts = map[string]bool{
	"dental": true, "surgery": true, "practice": true, "clinic": true, "medical": true, "health": true, "centre": true, "group": true,
	"family": true, "dentist": true, "opticians": true, "optician": true, "hospital": true, "services": true, "service": true,
}

func isSort(words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !sorts[word] })
}

// oneWay holds words that are written in two ways.
var oneWay = map[string]string{"saint": "st", "doctor": "dr", "doctors": "drs", "center": "centre", "road": "rd", "street": "st"}

func tellingWords(name string) (words []string) {
	between := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for word := range strings.FieldsFuncSeq(withoutApostrophes(name), between) {
		if short, found := oneWay[word]; found {
			word = short
		}
		if before, found := strings.CutSuffix(word, "pharmacy"); found && before != "" {
			word = before
		}
		if !sayLittle[word] {
			words = append(words, word)
		}
	}
	return words
}

func withoutApostrophes(name string) string {
	return strings.NewReplacer("'", "", "’", "", "`", "").Replace(strings.ToLower(name))
}

// without returns the words that others lack. Both are sorted.
func without(words, others []string) (left []string) {
	for _, word := range words {
		if at, found := slices.BinarySearch(others, word); found {
			others = slices.Delete(slices.Clone(others), at, at+1)
		} else {
			left = append(left, word)
		}
	}
	return left
}

// leastToMisspell is how many letters a word has of which one may be wrong.
const leastToMisspell = 5

// misspelt reports whether two words begin alike and differ in one letter: another one,
// one more, or two that changed places.
func misspelt(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < leastToMisspell || x[0] != y[0] || strings.ContainsFunc(a+b, unicode.IsDigit) {
		return false
	}
	at := 1
	for at < len(x) && x[at] == y[at] {
		at++
	}
	return oneLetterApart(x[at:], y[at:])
}

// oneLetterApart reports whether what is left of two words, from the first letter on that
// differs, differs in no other. The first is not the longer one.
func oneLetterApart(x, y []rune) bool {
	switch {
	case len(y) == 0:
		return true
	case len(y) > len(x):
		return slices.Equal(x, y[1:])
	case slices.Equal(x[1:], y[1:]):
		return true
	default:
		return len(x) > 1 && x[0] == y[1] && x[1] == y[0] && slices.Equal(x[2:], y[2:])
	}
}
