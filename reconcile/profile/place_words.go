package profile

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The words by which streets are read in addresses.

const article = "THE"

// streetTypes end the name of a street. Words that as often end that of a place
// (HILL, GREEN, PARK) are left out: behind a number they need no telling.
var streetTypes = set(`
	ROAD STREET LANE AVENUE DRIVE CLOSE WAY PLACE SQUARE GROVE GARDENS CRESCENT TERRACE PARADE ROW WALK MEWS BOULEVARD
	APPROACH ESPLANADE PROMENADE EMBANKMENT CIRCUS`)

// buildingWords follow the street that a building is named after.
var buildingWords = set("SURGERY PRACTICE CENTRE CLINIC HOSPITAL HOUSE MEDICAL HEALTH GROUP FAMILY")

// unitWords are those of parts of a building: a letter or a word may stand for the
// number beside them. Some have it before them.
var (
	unitWords        = set("UNIT FLAT SUITE SHOP BLOCK LEVEL FLOOR ROOM WING")
	unitsNamedBefore = set("BLOCK LEVEL FLOOR WING")
)

// unitNumbers are the words for numbers of units, and what is written as often.
var unitNumbers = map[string]string{
	"ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "5", "SIX": "6", "SEVEN": "7", "EIGHT": "8", "NINE": "9", "TEN": "10",
	"FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH", "SEVENTH": "7TH",
	"GROUND": "GROUND", "LOWER": "LOWER", "UPPER": "UPPER", "TOP": "TOP", "BASEMENT": "BASEMENT",
}

func isUnitName(word string) bool { return isLetter(word) || unitNumbers[word] != "" }

func inDigits(word string) string {
	if digits, ok := unitNumbers[word]; ok {
		return digits
	}
	return word
}

var points = set("NORTH SOUTH EAST WEST")

// abbreviations are those that the register writes.
var abbreviations = map[string]string{
	"RD": "ROAD", "LN": "LANE", "LNE": "LANE", "AV": "AVENUE", "AVE": "AVENUE", "DR": "DRIVE", "CL": "CLOSE", "CLSE": "CLOSE",
	"PL": "PLACE", "SQ": "SQUARE", "GDNS": "GARDENS", "CRES": "CRESCENT", "CRS": "CRESCENT", "TCE": "TERRACE",
	"TERR": "TERRACE", "RW": "ROW", "BLVD": "BOULEVARD", "PK": "PARK", "GRN": "GREEN", "CT": "COURT", "CRT": "COURT",
	"NTH": "NORTH", "STH": "SOUTH", "WST": "WEST", "GT": "GREAT", "UNIV": "UNIVERSITY", "STN": "STATION",
	"CTR": "CENTRE", "CTRE": "CENTRE", "CNTR": "CENTRE", "CENT": "CENTRE", "CEN": "CENTRE", "CENTR": "CENTRE",
	"MED": "MEDICAL", "HSE": "HOUSE", "HLTH": "HEALTH", "HTH": "HEALTH", "HOSP": "HOSPITAL", "SURG": "SURGERY",
	"PRAC": "PRACTICE", "PRACT": "PRACTICE", "GRP": "GROUP", "PRIM": "PRIMARY", "COMM": "COMMUNITY",
	"FL": "FLOOR", "FLR": "FLOOR",
}

// writtenOut writes abbreviations out, and joins the letter of a number to it. ST
// is a street where a name stands before it and none behind it, else a saint.
func writtenOut(words []string) []string {
	out := make([]string, 0, len(words))
	for i, word := range words {
		switch whole, ok := abbreviations[word]; {
		case ok:
			out = append(out, whole)
		case word == "ST" && endsStreet(words, i):
			out = append(out, "STREET")
		case word == "ST":
			out = append(out, "SAINT")
		case i > 0 && isLetter(word) && isNumber(words[i-1]):
			out[len(out)-1] += word
		default:
			out = append(out, word)
		}
	}
	return out
}

func endsStreet(words []string, i int) bool {
	if i == 0 || hasDigit(words[i-1]) {
		return false
	}
	if i == len(words)-1 {
		return true
	}
	next := words[i+1]
	if whole, ok := abbreviations[next]; ok {
		next = whole
	}
	return points[next] || buildingWords[next] || hasDigit(next)
}

func isLetter(word string) bool { return len(word) == 1 && !hasDigit(word) }

func isNumber(word string) bool { return strings.Trim(word, "0123456789") == "" }

// The register cuts a line off at one of these lengths, in characters.
var lineLengths = []int{25, 35}

// cutWords returns the last words of the lines that are as long as a line can be.
func cutWords(address string) []string {
	var cut []string
	for line := range strings.Lines(address) {
		line = strings.TrimRight(line, "\r\n")
		if words := wordsIn(line); len(words) > 0 && slices.Contains(lineLengths, utf8.RuneCountInString(line)) {
			cut = append(cut, words[len(words)-1])
		}
	}
	return cut
}

func set(words string) map[string]bool {
	members := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		members[word] = true
	}
	return members
}
