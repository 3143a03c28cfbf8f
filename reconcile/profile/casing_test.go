package profile_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
)

type casing struct{ in, want string }

func checkCasing(t *testing.T, show func(string) string, cases []casing) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.in, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, show(c.in))
			require.Equal(t, c.want, show(c.want), "shown again")
		})
	}
}

func TestDisplayNameWords(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"", ""},
		{" ", " "},
		{"-", "-"},
		{"ROWLANDS PHARMACY", "Rowlands Pharmacy"},
		{"THE DENSHAM SURGERY", "The Densham Surgery"},
		{"BOOTS", "Boots"},
		{"ASDA PHARMACY", "Asda Pharmacy"},
		{"QUEENS PARK MEDICAL CTR", "Queens Park Medical Ctr"},
		{"QUEENS PARK MED.CTR.", "Queens Park Med.Ctr."},
		{"ST.MARY'S SURGERY", "St.Mary's Surgery"},
		{"THE SURGERY  NEW ROAD", "The Surgery  New Road"},
		{" EDGE SPACES ", " Edge Spaces "},
		{"PHARMACY+HEALTH", "Pharmacy+Health"},
		{"MIDDLETON LODGE PRACTICE", "Middleton Lodge Practice"},
	})
}

func TestDisplayNameLeavesMixedCaseAlone(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"McDONALD Pharmacy", "McDONALD Pharmacy"},
		{"eMED PHARMACY", "eMED PHARMACY"},
		{"the OLD SURGERY", "the OLD SURGERY"},
		{"ÉCOLE médicale", "ÉCOLE médicale"},
	})
}

func TestDisplayNameSmallWords(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"THE SURGERY AT THE PARK", "The Surgery at the Park"},
		{"BOOTS THE CHEMIST", "Boots the Chemist"},
		{"SCHOOL OF ORAL AND DENTAL CARE", "School of Oral and Dental Care"},
		{"OF ALL THINGS", "Of All Things"},
		{"AT MEDICS", "At Medics"},
		{"IN HEALTH", "In Health"},
		{"CARE FOR YOU BY THE SEA", "Care for You by the Sea"},
		{"NEWCASTLE UPON TYNE", "Newcastle upon Tyne"},
		{"DR A DE SILVA", "Dr A de Silva"},
		{"HOUGHTON LE SPRING SURGERY", "Houghton le Spring Surgery"},
		{"BUPA (THE PARK)", "Bupa (The Park)"},
		{"INSPIRE HEALTH - THE AVENUE", "Inspire Health - The Avenue"},
		{"OUTREACH: THE HUB", "Outreach: The Hub"},
		{"EAST/THE WEST", "East/The West"},
		{"CARE [OF] \"THE\" OLD", "Care [Of] \"The\" Old"},
		{"MOTHER, BABY AND CHILD", "Mother, Baby and Child"},
		{"HANDLE AND ANDOVER", "Handle and Andover"},
	})
}

func TestDisplayNameHyphens(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"STOCKTON-ON-TEES", "Stockton-on-Tees"},
		{"ASHTON-UNDER-LYNE", "Ashton-under-Lyne"},
		{"WESTON-SUPER-MARE", "Weston-super-Mare"},
		{"WELLS-NEXT-THE-SEA", "Wells-next-the-Sea"},
		{"GRANGE-OVER-SANDS", "Grange-over-Sands"},
		{"CHAPEL-EN-LE-FRITH", "Chapel-en-le-Frith"},
		{"ASHBY-DE-LA-ZOUCH", "Ashby-de-la-Zouch"},
		{"CHESTER-LE-STREET", "Chester-le-Street"},
		{"CHORLTON-CUM-HARDY", "Chorlton-cum-Hardy"},
		{"BLAEN-Y-CWM", "Blaen-y-Cwm"},
		{"TESCO IN-STORE PHARMACY", "Tesco In-Store Pharmacy"},
		{"NHS WALK-IN CENTRE", "NHS Walk-In Centre"},
		{"CO-OP PHARMACY", "Co-op Pharmacy"},
		{"CO-OPERATIVE PHARMACY", "Co-operative Pharmacy"},
		{"AL-SHAFA PHARMACY", "Al-Shafa Pharmacy"},
		{"SUPER PHARMACY OVER THE ROAD", "Super Pharmacy Over the Road"},
	})
}

func TestDisplayNameAcronyms(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"NHS NORTH EAST ICB", "NHS North East ICB"},
		{"OLDHAM GP FEDERATION PCN", "Oldham GP Federation PCN"},
		{"PCT MEDICAL SERVICES LTD", "PCT Medical Services Ltd"},
		{"CARE UK PLC", "Care UK PLC"},
		{"CHEMIST (UK) LTD.", "Chemist (UK) Ltd."},
		{"PHOENIX LLP HQ", "Phoenix LLP HQ"},
		{"LEEDS CCG", "Leeds CCG"},
		{"CAMBRIDGE AVENUE & MESSINGHAM MC", "Cambridge Avenue & Messingham MC"},
		{"HMP/YOI WERRINGTON", "HMP/YOI Werrington"},
		{"A&E NT&H", "A&E NT&H"},
		{"H&WB HUB", "H&WB Hub"},
		{"D.C.H.", "D.C.H."},
		{"GPS AND NMPS", "GPs and NMPs"},
		{"THE GP'S SURGERY", "The GP's Surgery"},
		{"GPS' HUB", "GPs' Hub"},
		{"LOCAL CMHT", "Local CMHT"},
		{"NHS", "NHS"},
		{"PHCY BLDG", "Phcy Bldg"},
		{"WE CARE", "We Care"},
		{"TY GWYN", "Ty Gwyn"},
		{"PRINCE PHILIP HOSPITAL OOH", "Prince Philip Hospital OOH"},
	})
}

func TestDisplayNamePeople(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"DR NW OSBORNE'S PRACTICE", "Dr NW Osborne's Practice"},
		{"DR I M RAJA & PARTNER", "Dr I M Raja & Partner"},
		{"DR DESHPANDE AM PRACTICE", "Dr Deshpande AM Practice"},
		{"DRS KHAN AND LO'S SURGERY", "Drs Khan and Lo's Surgery"},
		{"CHISWICK FAMILY PRACTICE (DR O'CONNELL)", "Chiswick Family Practice (Dr O'Connell)"},
		{"O'NEILL’S CHEMIST", "O'Neill’s Chemist"},
		{"O’BRIENS", "O’Briens"},
		{"D'CRUZ PHARMACY", "D'Cruz Pharmacy"},
		{"O'MCDONALD", "O'McDonald"},
		{"ST JAMES'S", "St James's"},
		{"ST JAMES' SURGERY", "St James' Surgery"},
		{"K'S PHARMACY", "K's Pharmacy"},
		{"W'HAMPTON P'SHIP", "W'hampton P'ship"},
		{"MEDDYGFA'R LLAN", "Meddygfa'r Llan"},
		{"O'", "O'"},
		{"O'S", "O's"},
	})
}

func TestDisplayNameMcAndMac(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"MCDONALD", "McDonald"},
		{"MCDONALD'S", "McDonald's"},
		{"MCCANNS CHEMIST", "McCanns Chemist"},
		{"MCKAY", "McKay"},
		{"MCHUGH'S", "McHugh's"},
		{"MC", "MC"},
		{"MCH", "MCH"},
		{"MCFT", "MCFT"},
		{"MCBTH", "MCBTH"},
		{"MACDONALD", "MacDonald"},
		{"MACGREGORS", "MacGregors"},
		{"MACLEOD'S", "MacLeod's"},
		{"MACHINE", "Machine"},
		{"MACCLESFIELD", "Macclesfield"},
		{"MACMILLAN UNIT", "Macmillan Unit"},
		{"MACHYNLLETH", "Machynlleth"},
		{"MACULAR", "Macular"},
		{"MACEYS", "Maceys"},
		{"MAC", "Mac"},
	})
}

func TestDisplayNameNumbers(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"WARD II", "Ward II"},
		{"HENRY VIII HOUSE", "Henry VIII House"},
		{"PHASE IV", "Phase IV"},
		{"CIVIL MIX", "Civil Mix"},
		{"2ND FLOOR", "2nd Floor"},
		{"1ST 3RD 4TH 21ST", "1st 3rd 4th 21st"},
		{"10A/10B BENTALLS CTR", "10A/10B Bentalls Ctr"},
		{"IC24", "IC24"},
		{"NHS111", "NHS111"},
		{"FP10 PRESCRIBING", "FP10 Prescribing"},
		{"COVID19", "Covid19"},
		{"DRUGS2HOME", "Drugs2Home"},
		{"CHEMIST4U", "Chemist4U"},
		{"168 MEDICAL GROUP", "168 Medical Group"},
		{"PRACTICE NO.2", "Practice No.2"},
		{"24/7'S BEST", "24/7's Best"},
	})
}

func TestDisplayNameBeyondASCII(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayName, []casing{
		{"MEDDYGFA TŶ GWYN", "Meddygfa Tŷ Gwyn"},
		{"CAFÉ ÉLAN", "Café Élan"},
		{"É", "É"},
		{"CAFE\u0301", "Cafe\u0301"},
		{"İPEK", "İpek"},
		{"AİB", "Aİb"},
		{"ΣΟΦΟΣ", "Σοφοσ"},
		{"薬局 NORTH", "薬局 North"},
		{"BAD\xffBYTES\xfe", "Bad\xffBytes\xfe"},
	})
}

func TestDisplayAddress(t *testing.T) {
	t.Parallel()
	checkCasing(t, profile.DisplayAddress, []casing{
		{"", ""},
		{"10A/10B BENTALLS CTR\nCOLCHESTER RD,HEYBRIDGE\nMALDON", "10A/10B Bentalls Ctr\nColchester Rd,Heybridge\nMaldon"},
		{"THE HEALTH CENTRE\nLAWSON STREET\nSTOCKTON ON TEES\nCLEVELAND", "The Health Centre\nLawson Street\nStockton on Tees\nCleveland"},
		{"4TH FLOOR, EAST WING\nST. PANCRAS HOSPITAL\n4 ST. PANCRAS WAY", "4th Floor, East Wing\nSt. Pancras Hospital\n4 St. Pancras Way"},
		{"12 THE GREEN", "12 The Green"},
		{"UNIT THE PARADE", "Unit The Parade"},
		{"23 DE PARYS AVENUE", "23 De Parys Avenue"},
		{"RUE DE LA MARE", "Rue de la Mare"},
		{"RUE LA MARE", "Rue la Mare"},
		{"SURGERY, THE GREEN", "Surgery, The Green"},
		{"OFF THE STRAND\nTHE CITY", "Off The Strand\nThe City"},
		{"BOURTON ON THE WATER", "Bourton on the Water"},
		{"SALTBURN-BY-THE-SEA", "Saltburn-by-the-Sea"},
		{"NEWTON LE WILLOWS\nCHESTER-LE-STREET", "Newton le Willows\nChester-le-Street"},
		{"ISLE OF WIGHT", "Isle of Wight"},
		{"PO BOX 101E\nTS18 1HU", "PO Box 101E\nTS18 1HU"},
		{"EC1A 1BB", "EC1A 1BB"},
		{"10 AND 12 HIGH ST", "10 and 12 High St"},
		{"1 High Street", "1 High Street"},
	})
}

func TestDisplayNameKeepsAcronymsAnywhere(t *testing.T) {
	t.Parallel()
	for acronym := range strings.FieldsSeq(`NHS GP ICB ICS PCN PLC UK HQ CCG PCT CIC LLP CAMHS IAPT ENT OOH WIC UTC MIU
		PMS APMS COPD ADHD HIV GUM GPSI OPD ICU YOI DMC BMI II III IV VI VII VIII IX XI XII HMP CMHT MSK LPC NW MC SW`) {
		for in, want := range map[string]string{
			acronym:                         acronym,
			acronym + " SERVICE":            acronym + " Service",
			"THE " + acronym:                "The " + acronym,
			"WELL (" + acronym + ") HUB":    "Well (" + acronym + ") Hub",
			"WELL-" + acronym:               "Well-" + acronym,
			"THE " + acronym + "'S DOCTORS": "The " + acronym + "'s Doctors",
			"X" + acronym + "LESS":          title("X" + acronym + "LESS"),
		} {
			require.Equal(t, want, profile.DisplayName(in))
		}
	}
}

func TestDisplayNameTitlesAbbreviationsAnywhere(t *testing.T) {
	t.Parallel()
	for word := range strings.FieldsSeq(`LTD DR DRS MR MRS MS ST RD MT CTR CTRE NR PK LN GRP BLDG HTH PHCY CWM PWLL AS IF IS
		IT MY NO OR SO UP US WE CO TY PA JO LI BROS`) {
		require.Equal(t, title(word), profile.DisplayName(word))
		require.Equal(t, "Well "+title(word)+" Hub", profile.DisplayName("WELL "+word+" HUB"))
		require.Equal(t, "Well ("+title(word)+".)", profile.DisplayName("WELL ("+word+".)"))
	}
}

func TestDisplayNameSmallWordsAreNeverFirst(t *testing.T) {
	t.Parallel()
	for word := range strings.FieldsSeq("OF AND THE IN ON AT BY FOR TO WITH FROM UPON UNDER LE DE LA DU EN CUM") {
		small := strings.ToLower(word)
		require.Equal(t, title(word)+" Park", profile.DisplayName(word+" PARK"))
		require.Equal(t, "Park "+small+" Hill", profile.DisplayName("PARK "+word+" HILL"))
		require.Equal(t, "Park-"+small+"-Hill", profile.DisplayName("PARK-"+word+"-HILL"))
		require.Equal(t, "Park ("+title(word)+" Hill)", profile.DisplayName("PARK ("+word+" HILL)"))
		require.Equal(t, "Park - "+title(word)+" Hill", profile.DisplayName("PARK - "+word+" HILL"))
		require.Equal(t, "Park "+title(word)+"-Hill", profile.DisplayName("PARK "+word+"-HILL"))
		require.Equal(t, "Park\n"+title(word)+" Hill", profile.DisplayAddress("PARK\n"+word+" HILL"))
	}
}

// title is the plain rule: a capital, the rest small.
func title(word string) string { return word[:1] + strings.ToLower(word[1:]) }

// registerText draws what a register could write, and odd letters that do not
// come back from their small form.
func registerText() *rapid.Generator[string] {
	word := rapid.SampledFrom(strings.Fields(`THE OF AND DR NHS GP MCDONALD MACHINE O'NEILL JAMES'S STOCKTON-ON-TEES CO-OP
		IN-STORE 2ND 10A/10B COVID19 GPS ST. & (UK) - A IV NW PRACTICE LTD. TŶ İ ß ǅ ǆ Ⅷ ŉ ſ K 'S ' \xff ’S`))
	words := rapid.Map(rapid.SliceOfN(word, 0, 6), func(w []string) string { return strings.Join(w, " ") })
	return rapid.OneOf(words, rapid.String(), rapid.StringMatching(`[A-Z0-9 '&/(),.\n-]{0,40}`))
}

func TestDisplayProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { requireDisplays(t, registerText().Draw(t, "text")) })
}

func requireDisplays(t require.TestingT, s string) {
	for field, show := range map[profile.Field]func(string) string{
		profile.FieldName:    profile.DisplayName,
		profile.FieldAddress: profile.DisplayAddress,
	} {
		shown := show(s)
		require.Equal(t, shown, show(shown), "shown again")
		require.True(t, profile.Same(field, s, shown), "%q is shown as %q, a change", s, shown)
		require.Equal(t, profile.Canonical(field, s), profile.Canonical(field, shown))
		require.Equal(t, utf8.RuneCountInString(s), utf8.RuneCountInString(shown), "only case may change")
		if strings.ContainsFunc(s, unicode.IsLower) {
			require.Equal(t, s, shown, "mixed case is left alone")
		}
	}
}

func FuzzDisplayName(f *testing.F) {
	for _, seed := range []string{
		"", "DR NW OSBORNE'S PRACTICE", "STOCKTON-ON-TEES", "10A/10B BENTALLS CTR", "O'NEILL (UK) LTD", "İß\xff", "'S", "O'", "A-",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) { requireDisplays(t, s) })
}

// Every name the registers hold is shown without changing what it says.
func TestDisplayNameOfRealRegisters(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"edispensary_2025-04-10.csv", "epraccur_2025-05-25.csv"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			active := 0
			for _, row := range legacyRows(t, file) {
				if row[12] != "A" {
					continue
				}
				active++
				shown := profile.DisplayName(row[1])
				require.True(t, profile.Same(profile.FieldName, row[1], shown), "%s: %q", row[0], shown)
				require.Equal(t, shown, profile.DisplayName(shown))
				address := legacyAddress(row)
				require.True(t, profile.Same(profile.FieldAddress, address, profile.DisplayAddress(address)))
			}
			require.Greater(t, active, 10_000)
		})
	}
}

func BenchmarkDisplayName(b *testing.B) {
	for b.Loop() {
		profile.DisplayName("DR NW OSBORNE'S PRACTICE, STOCKTON-ON-TEES")
	}
}
