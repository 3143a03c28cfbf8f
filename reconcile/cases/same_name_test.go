package cases_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/cases"
)

func TestNamesThatSeemToBeOne(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Boots", "BOOTS"},
		{"Boots UK Ltd", "Boots the Chemists"},
		{"Lloydspharmacy", "Lloyds Pharmacy"},
		{"Well Pharmacy", "Well"},
		{"St. John's Pharmacy", "Saint Johns Pharmacy Limited"},
		{"Day Lewis Pharmacy", "Daylewis Pharmacy"},
		{"Rowlands Pharmacy", "Rowland's Chemist"},
		{"Rowlands Pharmacy", "Rowland Pharmacy"},
		{"The High Street Pharmacy", "High St Chemist"},
		{"Pharmacy of Riverside", "Riverside Pharmacy"},
		{"Smith & Sons Ltd", "Smith and Sons"},
		{"Smith and Sons", "Sons Smith"},
		{"Cohens Chemist", "Cohnes Chemist"},
		{"Parkside Surgery", "Parkside Surgrey"},
		{"Dr Smith & Partners", "Dr Smyth and Partners"},
		{"Parkside Medical Center", "Parkside Medical Centre"},
		{"8PM Chemist", "8 PM Chemist Ltd"},
		{"MW Phillips Chemists", "M W Phillips Chemists"},
		{"Psychiatry-UK", "Psychiatry UK-LLP"},
		{"H-Docs on Call OOH", "Hdocs on Call OOH"},
		{"Hoburn Dental Practice", "Hoburne Dental Practice"},
		{"Dumbelton Medical Centre", "Dumbleton Medical Centre"},
		{"Hinckley & District Hospital", "Hinckley and District Hospital"},
		{"Talbot Woods Dental Practice", "Talbot Woods Dental Practice"},
		{"South Coast Dental Specialist", "South Coast Dental Specialists"},
		{"The Royal South Hants Hospital", "Royal South Hants Hospital"},
		{"Cohens Chemist", "COHEN'S CHEMIST"},
		{"Jhoots Pharmacy", "Jhoot's"},
		{"Asda Pharmacy", "ASDA"},
		{"Peter Morgan Pharmacy", "Morgan, Peter (Chemist)"},
		{"Practice 1, Park Health Centre", "Park Health Centre (Practice 1)"},
	} {
		require.True(t, cases.NearlySame(pair[0], pair[1]), "%q", pair)
		require.True(t, cases.NearlySame(pair[1], pair[0]), "%q", pair)
	}
}

func TestNamesOfTwoPlaces(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Boots", "Well"},
		{"Boots", "Pharmacy"},
		{"The Pharmacy", "Pharmacy Ltd"},
		{"Dental Surgery", "The Dental Surgery"},
		{"Medical Centre", "Medical Centre"},
		{"Asda Pharmacy", "Boots"},
		{"Superdrug Pharmacy", "Boots"},
		{"NW Pharmacy", "SW Pharmacy"},
		{"Lincoln Co-op Chemists", "Bransholme Pharmacy"},
		{"Abbey Dental Surgery", "Abbot Dental Surgery"},
		{"The Royal South Hants Hospital", "Royal South Hants Hospital Outpatients"},
		{"Orthopaedic Outpatients", "Surgical Outpatients"},
		{"Browns Dental Practice", "Fore Street Dental Practice"},
		{"Oasis Dental Care", "Dove Dental Care"},
		{"The Lodge Surgery", "The Bridge Surgery"},
		{"Park View Surgery", "Park Lane Surgery"},
		{"Upper Mill Practice", "Lower Mill Practice"},
		{"Old Station Surgery", "New Station Surgery"},
		{"Park Health Centre Practice 1", "Park Health Centre Practice 2"},
		{"Park Health Centre (Dr Smith)", "Park Health Centre (Dr Jones)"},
		{"Park Health Centre - Dr A Khan", "Park Health Centre - Dr B Khan"},
		{"Park Health Centre", "Park Health Centre Annexe"},
		{"Practice A", "Practice B"},
		{"Riverside East Surgery", "Riverside West Surgery"},
		{"Riverside North Practice", "Riverside South Practice"},
		{"Mill Lane Surgery", "Hill Lane Surgery"},
		{"Marsh Practice", "Harsh Practice"},
		{"Parkside Surgery", "Parkside Medical Centre"},
		{"Dr Smith", "Dr Smythe"},
		{"Ward 11 Clinic", "Ward 12 Clinic"},
		{"Dr Smith and Dr Jones", "Dr Smyth and Dr Janes"},
		{"Unit10 Clinic", "Unit11 Clinic"},
	} {
		require.False(t, cases.NearlySame(pair[0], pair[1]), "%q", pair)
		require.False(t, cases.NearlySame(pair[1], pair[0]), "%q", pair)
	}
	require.False(t, cases.NearlySame("", ""))
}
