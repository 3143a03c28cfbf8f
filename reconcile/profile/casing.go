package profile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// DisplayName changes the case of a name that the register wrote in capitals,
// for display: "DR NW OSBORNE'S PRACTICE" becomes "Dr NW Osborne's Practice".
// Only the case of letters changes, so the result is always Same as the name,
// and a text that has a lower-case letter already is returned as it is.
func DisplayName(s string) string { return display(s, false) }

// DisplayAddress does the same for each line of an address. A new phrase also
// begins after a comma and after a house number ("12 THE GREEN" becomes "12 The
// Green").
func DisplayAddress(s string) string { return display(s, true) }

func display(s string, address bool) string {
	if strings.ContainsFunc(s, unicode.IsLower) {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	w := word{address: address, first: true}
	for rest := s; rest != ""; {
		rest = w.next(rest)
		out.WriteString(w.gap)
		out.WriteString(w.cased())
	}
	return out.String()
}

// word is one word of a text, with what its case depends on. Apostrophes are
// part of the word; all other punctuation is part of the gaps.
type word struct {
	address bool
	gap     string // between the word before and this one
	text    string
	after   byte   // the byte after the word; 0 at the end of the text
	first   bool   // nothing before it in the text, the line or the bracket
	before  string // the word before, empty when this one is first
}

// next moves to the first word of rest and returns what follows that word.
func (w *word) next(rest string) string {
	w.before = w.text
	w.gap = before(rest, isWord)
	rest = rest[len(w.gap):]
	w.text = before(rest, func(r rune) bool { return !isWord(r) && !isApostrophe(r) })
	rest = rest[len(w.text):]
	w.after = 0
	if rest != "" {
		w.after = rest[0]
	}
	w.first = w.before == "" || w.begins()
	return rest
}

// begins reports whether the gap starts a phrase of its own.
func (w *word) begins() bool {
	return strings.ContainsAny(w.gap, "([{:;/\n\"") || strings.Contains(w.gap, " -") || strings.Contains(w.gap, "- ") ||
		w.address && strings.Contains(w.gap, ",")
}

func (w *word) cased() string {
	switch base, ending := cutPossessive(w.text); {
	case w.isSmall():
		return lower(w.text)
	case strings.ContainsFunc(base, unicode.IsDigit):
		return casedNumber(base) + lower(ending)
	case plurals[base]:
		return base[:len(base)-1] + lower(base[len(base)-1:]+ending)
	case isAcronym(base):
		return base + lower(ending)
	default:
		return casedWord(base) + lower(ending)
	}
}

// isSmall reports whether a word is written in lower case inside a text.
// Between hyphens more words are (STOKE-ON-TRENT); at either end of a compound
// none is ("In-Store"), except after "Co-".
func (w *word) isSmall() bool {
	joined := w.gap == "-"
	switch {
	case joined && w.before == "CO":
		return true
	case w.first || joined != (w.after == '-'):
		return false
	case joined:
		return smallWords[w.text] || insideCompounds[w.text]
	}
	return smallWords[w.text] && (!w.address || !w.opensStreet())
}

// opensStreet reports whether the word is an article that begins the name of a
// street: after a house number, or "the" after any word that is not small.
func (w *word) opensStreet() bool {
	switch w.text {
	case "THE":
		return !smallWords[w.before]
	case "DE", "LE", "LA":
		return strings.ContainsFunc(w.before, unicode.IsDigit)
	}
	return false
}

// isAcronym reports whether a word stays in capitals: known acronyms, Roman
// numerals, words without a vowel ("NW", "CMHT") and unknown words of two
// letters, which are mostly initials.
func isAcronym(s string) bool {
	switch {
	case titled[s]:
		return false
	case acronyms[s]:
		return true
	case strings.ContainsFunc(s, isApostrophe) || !isASCII(s):
		return utf8.RuneCountInString(s) == 1
	}
	return len(s) <= 2 || !strings.ContainsAny(s, "AEIOUY")
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// casedNumber writes ordinals as 2nd and cases the long words in "COVID19" and
// "DRUGS2HOME"; other mixtures are house numbers, postcodes and codes.
func casedNumber(s string) string {
	switch strings.TrimLeft(s, "0123456789") {
	case "ST", "ND", "RD", "TH":
		return lower(s)
	}
	var out strings.Builder
	for s != "" {
		letters := before(s, unicode.IsDigit)
		if len(letters) < 4 {
			out.WriteString(letters)
		} else {
			out.WriteString(title(letters))
		}
		s = s[len(letters):]
		digits := before(s, func(r rune) bool { return !unicode.IsDigit(r) })
		out.WriteString(digits)
		s = s[len(digits):]
	}
	return out.String()
}

// before returns the text before the first rune for which stop is true.
func before(s string, stop func(rune) bool) string {
	if i := strings.IndexFunc(s, stop); i >= 0 {
		return s[:i]
	}
	return s
}

func casedWord(s string) string {
	for _, size := range []int{len("MC"), len("MAC")} {
		if isClan(s, size) {
			return title(s[:size]) + title(s[size:])
		}
	}
	i := strings.IndexFunc(s, isApostrophe)
	if i == 1 && strings.ContainsAny(s[:1], "ODL") && utf8.RuneCountInString(s) > 3 {
		_, size := utf8.DecodeRuneInString(s[i:])
		return s[:i+size] + casedWord(s[i+size:])
	}
	return title(s)
}

// isClan reports whether a word is Mc or Mac and a name. Mac needs a list of
// exceptions: MACHINE, MACCLESFIELD.
func isClan(s string, size int) bool {
	if size == len("MAC") {
		return macNames[s] || macNames[strings.TrimSuffix(s, "S")]
	}
	return strings.HasPrefix(s, "MC") && len(s) >= 5 && strings.ContainsAny(s[size:], "AEIOUY")
}

// cutPossessive splits off 'S, and an apostrophe at the end.
func cutPossessive(s string) (base, ending string) {
	base = strings.TrimSuffix(s, "S")
	trimmed := strings.TrimRightFunc(base, isApostrophe)
	if trimmed == base {
		return s, ""
	}
	return trimmed, s[len(trimmed):]
}

func title(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size] + lower(s[size:])
}

// lower keeps a letter whose lower case would not convert back, so that casing
// never changes a value (Same) and has no effect the second time.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		small := unicode.ToLower(r)
		if !unicode.IsLower(small) || unicode.ToUpper(small) != unicode.ToUpper(r) {
			return r
		}
		return small
	}, s)
}

// smallWords are written in lower case inside a text, insideCompounds only
// between hyphens (WESTON-SUPER-MARE, PEN-Y-BONT).
var (
	smallWords      = wordSet("OF AND THE IN ON AT BY FOR TO WITH FROM UPON UNDER LE DE LA DU EN CUM")
	insideCompounds = wordSet("SUPER NEXT OVER Y YR")
)

// titled are words that the rule for acronyms would keep in capitals.
var titled = wordSet(`
	LTD BLVD CTRS PTNRS SPCL CWM CWRT BWLCH DRWS PWLL DR DRS MR MRS MS ST STS RD MT CTR CNTR CTRE NR PK LN GRN GRP
	BLDG BLDGS HTH HLTH HSE SQ FLR DPT CNTRL STN JR SNR JNR BROS PHCY PHRM CHMST SRGY SRGRY SRGS SVCS SVC SVS PRCT
	NTH STH TWR GDNS GDN CRT CRTS CL AS AN AL EL BE DO GO HE HI IF IS IT LI LO HO JO ME MO MY NO OR OX SO UP US WE
	WU XU YE CO RE TY AR YR PA OF IN ON AT BY TO LE DE LA DU EN DI DA VAN`)

// acronyms are those with a vowel; the others need no list.
var acronyms = wordSet(`NHS GP ICB ICS PCN PLC UK HQ CCG PCT CIC LLP EU USA RAF UEA
	CAMHS AMH OPMH OAMH IAPT ENT OOH WIC UTC MIU UCC UECC EUCC PMS APMS EPACT EPMA COPD ADHD HIV IVF GUM
	GPSI GPWSI AQP OPD ICU PICU SDEC IUC EIP EIS EIT EMIS IRC YOI HMYOI RAEI BMI DMC UHB LHB TB ECG MRI IPCT
	PES EAS EAH RRU CAS HUC INM OHP MSE GYW CYP CYPS WAA CRI IPU NDUC PCOC PGPA EVMC ICP ELHT ESHT NELC NEMS UHMB
	DDES DHU CWAC NEAS SCAS UHBW UHDB UHL ABMU UPCS UPCC AAW ABC EPUT ELFT CHUHSE PELC UCLH
	II III IV VI VII VIII IX XI XII XIII`)

// plurals are acronyms followed by a lower-case s.
var plurals = wordSet("GPS NMPS PCNS ICBS CCGS PCTS OOHS UTCS")

var macNames = wordSet(`MACARTHUR MACASKILL MACCALLUM MACCARTHY MACDERMOTT MACDONALD MACDONNELL MACDOUGALL MACDUFF
	MACFARLANE MACGREGOR MACINNES MACINTOSH MACINTYRE MACIVER MACKENZIE MACKINNON MACLACHLAN MACLAREN MACLEAN MACLENNAN
	MACLEOD MACMICHAEL MACNAB MACNAMARA MACNEIL MACNEILL MACPHERSON MACQUEEN MACRAE MACSWEEN MACTAGGART`)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
