package register

import "strconv"

// Made-up names. The chains have the shares of the real ones.
var (
	chains = []weighted{
		{"BRAMWELLS", 1413},
		{"KIND", 640},
		{"FAYRE INSTORE PHARMACY", 324},
		{"LANE & DAY PHARMACY", 80},
		{"DAY LEE PHARMACY", 234},
		{"OXO PHARMACY", 232},
		{"MEADOWLANDS PHARMACY", 218},
		{"STERNS CHEMIST", 194},
		{"GLOSSDRUG PHARMACY", 173},
		{"JASONS PHARMACY", 131},
		{"MORLANDS PHARMACY", 103},
		{"SUMMIT PHARMACY", 95},
		{"KIMBERS PHARMACY", 76},
		{"CHOICES PHARMACY", 300},
		{"YOUR LOCAL PHARMACY", 280},
		{"THE PHARMACY", 150},
		{"MEDICARE PHARMACY", 200},
		{"VILLAGE PHARMACY", 160},
	}
	opticians = []weighted{
		{"CLEARSPECS", 760}, {"VISION RAPIDE", 390}, {"BRAMWELLS OPTICIANS", 580}, {"SCRIVENER LTD", 180}, {"THE EYE PLACE", 200},
	}
	dentalNames = []weighted{
		{"DENTAL SURGERY", 2304},
		{"DENTAL PRACTICE", 61},
		{"THE DENTAL SURGERY", 36},
		{"HAVEN DENTAL CARE LTD", 33},
		{"DENTAL DEPARTMENT", 32},
		{"THE DENTAL PRACTICE", 18},
		{"H M PRISON", 16},
		{"COMMUNITY DENTAL CLINIC", 14},
	}
	departments = []string{
		"DERMATOLOGY", "RHEUMATOLOGY", "CHILD DEVELOPMENT CENTRE", "CARDIOLOGY", "UROLOGY", "GENERAL SURGERY", "PAEDIATRICS",
		"GASTROENTEROLOGY", "QUEEN ELIZABETH HOSPITAL", "ST MARY'S HOSPITAL", "THE SURGERY", "CAMHS", "PHLEBOTOMY", "ENT", "OPHTHALMOLOGY",
	}
	specialties = []string{
		"COMMUNITY DERMATOLOGY", "COMMUNITY ENT", "INTERMEDIATE CARE", "OUT OF HOURS", "DIABETES", "HEART FAILURE", "STOP SMOKING",
		"SEXUAL HEALTH", "SUBSTANCE MISUSE", "COMMUNITY NURSING", "PALLIATIVE CARE", "MINOR INJURIES",
	}
	stems = []string{
		"ASH", "BECK", "BROOK", "CASTLE", "DUN", "ELM", "FAIR", "GLEN", "HART", "HAZEL", "KIRK", "LANG", "LYND",
		"MARSH", "MOOR", "NETHER", "OAK", "PEN", "RAVEN", "ROSE", "SHEL", "STAN", "THORN", "WAL", "WEST", "WHIT",
		"WIN", "WOOL", "WYTH", "YEW",
	}
	endings = []string{
		"BURY", "BY", "COMBE", "DALE", "DEAN", "FIELD", "FORD", "GATE", "HAM", "HURST", "LEY", "MERE", "RIDGE",
		"STEAD", "STOKE", "THORPE", "TON", "WELL", "WICK", "WOOD",
	}
	tails = []string{
		"", " PARK", " HILL", " ROAD", " STREET", " LANE", " GREEN", " HOUSE", " VILLAGE", " CROSS", " GATE", " VALE",
		" BRIDGE", " COMMON", " END", " RISE",
	}
	heads = []string{
		"", "OLD ", "NEW ", "UPPER ", "LOWER ", "GREAT ", "LITTLE ", "NORTH ", "SOUTH ", "EAST ", "WEST ", "HIGH ",
		"ST ", "LONG ", "MIDDLE ", "NETHER ",
	}
	streets = []string{" STREET", " ROAD", " LANE", " AVENUE", " WAY", " CLOSE"}
)

const (
	words      = 600             // len(stems) * len(endings)
	properNoun = words * 16 * 16 // distinct results of placeName
)

func word(k int) string {
	k %= words
	return stems[k%len(stems)] + endings[k/len(stems)]
}

// placeName names a place; different k below properNoun give different names.
func placeName(k int) string {
	k %= properNoun
	return heads[k/words/16] + word(k) + tails[k/words%16]
}

func street(d draw) string {
	name := word(d.IntN(words)) + d.pick(streets)
	if d.chance(0.75) {
		return strconv.Itoa(1+d.IntN(240)) + " " + name
	}
	return name
}

// settings are the prescribing settings of epraccur of May 2025: the old
// number and the role that replaced it (connectors/ods/CONTRACT.md "Layouts").
var settings = []struct {
	number string
	roles  []string
	weight int
}{
	{"4", []string{"RO177", "RO76"}, 8654},
	{"0", []string{"RO177", "RO72"}, 2624},
	{"9", []string{"RO177", "RO247"}, 1955},
	{"10", []string{"RO177", "RO250"}, 824},
	{"26", []string{"RO177", "RO321"}, 595},
	{"8", []string{"RO177", "RO255"}, 368},
	{"2", []string{"RO177", "RO80"}, 361},
	{"27", []string{"RO177", "RO323"}, 205},
	{"11", []string{"RO177", "RO252"}, 188},
	{"12", []string{"RO177", "RO259"}, 167},
	{"13", []string{"RO177", "RO249"}, 160},
	{"25", []string{"RO177", "RO82"}, 156},
	{"1", []string{"RO177", "RO87"}, 122},
	{"14", []string{"RO177", "RO246"}, 91},
	{"3", []string{"RO177", "RO80", "RO87"}, 23},
	{"18", []string{"RO177", "RO256"}, 18},
	{"19", []string{"RO177", "RO251"}, 10},
	{"16", []string{"RO177", "RO260"}, 5},
	{"22", []string{"RO177", "RO258"}, 5},
	{"17", []string{"RO177", "RO257"}, 2},
	{"20", []string{"RO177", "RO248"}, 2},
}
