package profile

import "strings"

// NormalisePostcode writes a UK postcode in upper case with one space before
// its last three characters: "SA5 9 EA" is SA5 9EA
// (connectors/ods/CONTRACT.md "Dirty values"). Any other text is returned
// trimmed and in upper case, so that nothing is lost. It does not check whether
// a postcode is in use.
func NormalisePostcode(s string) string {
	upper := strings.TrimSpace(strings.ToUpper(s))
	compact := strings.Join(strings.Fields(upper), "")
	if !isPostcode(compact) {
		return upper
	}
	inward := len(compact) - 3
	return compact[:inward] + " " + compact[inward:]
}

// isPostcode recognises the shapes A9, A99, AA9, AA99, A9A and AA9A of the
// outward code with 9AA of the inward one, and the one postcode of another
// shape.
func isPostcode(compact string) bool {
	if compact == "GIR0AA" {
		return true
	}
	switch shape(compact) {
	case "A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA":
		return true
	}
	return false
}

func shape(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return 'A'
		case r >= '0' && r <= '9':
			return '9'
		}
		return '?'
	}, s)
}
