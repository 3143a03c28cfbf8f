package profile

import (
	"maps"
	"slices"
	"strings"
)

// Place is where an organisation is, and the name it goes by there.
type Place struct{ Name, Address, Postcode string }

// SamePlace reports whether the place that a register states and the one that a
// profile shows differ in form only (RULES.md "Form of an address"). Beyond what
// Same leaves out, two addresses of one postcode are the same where their numbers
// and their streets are, whatever else the lines hold. Where neither names a
// street, the register may only have left words out.
//
//	BODEY MED CTR / 28 PARK RD, HULL     28 Park Road / Hull             same
//	THE SURGERY / THE HAVEN / BURNHOPE   The Haven / Burnhope            same
//	28 PARK ROAD / HULL                  28-30 Park Road / Hull          a change
//	28 PARK ROAD / HULL                  28 Park Road / Mill Lane        a change
//
// It is reflexive, and symmetric but where words are left out. A line with the
// name that the organisation had is a change: it is put right with the name.
func SamePlace(register, shown Place) bool {
	if Same(FieldAddress, register.Address, shown.Address, register.Name) {
		return true
	}
	known := register.Postcode != "" && PostcodeDoubt(register.Postcode) == ""
	if !known || !Same(FieldPostcode, register.Postcode, shown.Postcode) {
		return false
	}
	stated, kept := readPlace(register.Address), readPlace(shown.Address)
	if !maps.Equal(stated.facts, kept.facts) || formerNamed(register, shown) {
		return false
	}
	kept.words = append(kept.words, wordsIn(register.Name)...)
	return stated.street && kept.street || len(stated.words) > 0 && kept.hold(stated)
}

// formerNamed reports whether the shown address has a line with a name that the
// register has given up.
func formerNamed(register, shown Place) bool {
	former := joinedWords(wordsIn(shown.Name))
	if former == "" || former == joinedWords(wordsIn(register.Name)) {
		return false
	}
	return repeats(shown.Address, former) && !repeats(register.Address, former)
}

func repeats(address, name string) bool {
	return slices.ContainsFunc(partsIn(address), func(part []string) bool { return joinedWords(part) == name })
}

// placed is an address, read for what it says of streets and numbers.
type placed struct {
	facts  map[string]bool // each number with the street or the word beside it, each street, each unit
	street bool            // one of them is a street
	words  []string        // all words without a digit
	cut    []string        // those of them that a full line may have cut short
}

func readPlace(address string) placed {
	p := placed{facts: map[string]bool{}, cut: cutWords(address)}
	for _, part := range partsIn(address) {
		if _, county := counties[strings.Join(part, " ")]; !county {
			p.read(part)
		}
	}
	p.dropRepeatedStreets()
	return p
}

func (p *placed) read(part []string) {
	p.readUnits(part)
	before := ""
	for _, phrase := range phrasesOf(part) {
		numbers, words := leadingNumbers(phrase)
		p.words = append(p.words, words...)
		switch {
		case len(numbers) > 0 && len(words) == 0:
			p.facts[before+" "+strings.Join(numbers, " ")] = true
		case len(numbers) > 0:
			p.facts[strings.Join(numbers, " ")+" "+joinedWords(words)] = true
			p.street = p.street || isStreet(words) || isHouseNumber(numbers[len(numbers)-1]) && !isBuilding(before, words)
		case isStreet(phrase):
			p.facts[joinedWords(words)] = true
			p.street = true
		}
		if len(words) > 0 {
			before = words[len(words)-1]
		}
	}
}

// readUnits finds units that have no digit: UNIT A, FIRST FLOOR, NORTH WING, REAR OF.
func (p *placed) readUnits(part []string) {
	for i, word := range part {
		switch {
		case word == "REAR" && i+1 < len(part) && part[i+1] == "OF":
			p.facts["REAR OF"] = true
		case !unitWords[word]:
		case i+1 < len(part) && isUnitName(part[i+1]):
			p.facts[word+" "+inDigits(part[i+1])] = true
		case i > 0 && unitsNamedBefore[word] && (isUnitName(part[i-1]) || points[part[i-1]]):
			p.facts[inDigits(part[i-1])+" "+word] = true
		}
	}
}

// dropRepeatedStreets forgets a street without a number that also stands behind
// one.
func (p *placed) dropRepeatedStreets() {
	for fact := range p.facts {
		if numbers, street, ok := cutLast(fact); ok && hasDigit(numbers) {
			delete(p.facts, street)
		}
	}
}

func cutLast(s string) (before, last string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// hold reports whether all words of the other stand here too, a word that was cut
// short for any that begins with it.
func (p *placed) hold(other placed) bool {
	for _, word := range other.words {
		begins := func(start string) bool { return strings.HasPrefix(word, start) }
		isBegun := func(whole string) bool { return strings.HasPrefix(whole, word) }
		held := word == article || slices.Contains(p.words, word) || slices.ContainsFunc(p.cut, begins) ||
			slices.Contains(other.cut, word) && slices.ContainsFunc(p.words, isBegun)
		if !held {
			return false
		}
	}
	return true
}

// partsIn returns the words of each part of an address, abbreviations written out.
func partsIn(address string) [][]string {
	var parts [][]string
	for _, part := range appendParts(nil, appendWords(nil, address, true)) {
		parts = append(parts, writtenOut(strings.Fields(string(part))))
	}
	return parts
}

func wordsIn(text string) []string {
	return writtenOut(strings.Fields(string(appendWords(nil, text, false))))
}

// joinedWords is a key that spacing and a leading THE make no difference to. The
// street that is called THE STREET keeps it.
func joinedWords(words []string) string {
	if len(words) > 1 && words[0] == article && !streetTypes[words[1]] {
		words = words[1:]
	}
	return strings.Join(words, "")
}

// phrasesOf cuts a part before each number, and behind each street.
func phrasesOf(part []string) [][]string {
	var phrases [][]string
	start := 0
	for i := range part {
		if i > start && hasDigit(part[i]) && !hasDigit(part[i-1]) {
			phrases, start = append(phrases, part[start:i]), i
		}
		if end := streetEnd(part, start, i); end > 0 {
			phrases, start = append(phrases, part[start:end]), end
		}
	}
	if start < len(part) {
		phrases = append(phrases, part[start:])
	}
	return phrases
}

// streetEnd returns where the street ends whose type stands at i: behind it, or
// behind the point of the compass that follows. It is 0 where no street ends: the
// type stands alone, or belongs to the name of a building.
func streetEnd(part []string, start, i int) int {
	if i <= start || hasDigit(part[i-1]) || !streetTypes[part[i]] {
		return 0
	}
	end := i + 1
	if end < len(part) && buildingWords[part[end]] {
		return 0
	}
	if end < len(part) && points[part[end]] {
		end++
	}
	return end
}

func isStreet(phrase []string) bool {
	last := len(phrase) - 1
	if last > 0 && points[phrase[last]] {
		last--
	}
	return last > 0 && streetTypes[phrase[last]]
}

// isBuilding reports whether a number is that of a building or of a part of it, by
// the word before it and the words behind it.
func isBuilding(before string, words []string) bool {
	return unitWords[before] || buildingWords[words[len(words)-1]]
}

func leadingNumbers(phrase []string) (numbers, words []string) {
	n := 0
	for n < len(phrase) && hasDigit(phrase[n]) {
		n++
	}
	return phrase[:n], phrase[n:]
}

// isHouseNumber tells 12 and 12B from 1ST and F1.
func isHouseNumber(word string) bool {
	letters := strings.TrimLeft(word, "0123456789")
	return len(letters) < len(word) && len(letters) <= 1
}

func hasDigit(word string) bool { return strings.ContainsAny(word, "0123456789") }
