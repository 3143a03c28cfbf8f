package profile

import "strings"

// NormalisePostcode writes a UK postcode in upper case with one space before
// its last three characters: "SA5 9 EA" is SA5 9EA
// (connectors/ods/CONTRACT.md "Dirty values"). Any other text is returned
// trimmed and in upper case, so that nothing is lost. It does not check whether
// a postcode is in use.
func NormalisePostcode(s string) string {
	upper := strings.TrimSpace(strings.ToUpper(s))
	compact := withoutSpaces(upper)
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

func withoutSpaces(s string) string { return strings.Join(strings.Fields(s), "") }

// PostcodeDoubt says what makes a postcode doubtful: its form ("EI 4LR", with the
// letter I), or an area that Royal Mail does not have ("ZZ99 3CZ", which stands for
// no fixed abode). It is empty for one without fault, and for none at all. It does
// not say whether a postcode is in use.
func PostcodeDoubt(s string) string {
	compact := withoutSpaces(strings.ToUpper(s))
	if compact == "" {
		return ""
	}
	if !isPostcode(compact) {
		return "no UK postcode"
	}
	if area := compact[:strings.IndexAny(compact, "0123456789")]; !postcodeAreas[area] {
		return "no postcode area is called " + area
	}
	return ""
}

// postcodeAreas are the areas of Royal Mail, with those of the Crown dependencies,
// the forces (BF) and large receivers (BX, GIR).
var postcodeAreas = set(`
	AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY
	G GIR GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW
	OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB
	W WA WC WD WF WN WR WS WV YO ZE`)

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
