package website

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestOpeningTimes(t *testing.T) {
	t.Parallel()
	rows, err := openingTimes(valuesOf(map[profile.Field]string{
		profile.FieldOpeningTimes:      "tue 09:00-13:00\ntue 14:00-17:30",
		profile.FieldDatedOpeningTimes: "2026-12-25 closed\n2027-01-02 10:00-14:00",
	}), reception)
	require.NoError(t, err)
	require.Len(t, rows, 8+2)
	require.Equal(t, opening{Weekday: "Monday", OpeningTimeType: "Reception"}, rows[0])
	require.Equal(t, opening{
		Weekday: "Tuesday", OpeningTime: "14:00", ClosingTime: "17:30", OffsetOpeningTime: 840, OffsetClosingTime: 1050,
		OpeningTimeType: "Reception", IsOpen: true,
	}, rows[2])
	require.Equal(t, opening{OpeningTimeType: "Additional", AdditionalOpeningDate: "Dec 25 2026"}, rows[8])
	require.Equal(t, opening{
		OpeningTime: "10:00", ClosingTime: "14:00", OffsetOpeningTime: 600, OffsetClosingTime: 840, OpeningTimeType: "Additional",
		AdditionalOpeningDate: "Jan 02 2027", IsOpen: true,
	}, rows[9])
}

func TestHoursThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for field, texts := range map[profile.Field][]string{
		profile.FieldOpeningTimes: {
			"bank-holiday 10:00-12:00", "mon closed", "mon 9:00-12:00", "mon 09:00-24:00", "mon", "mon 09:00-09:00", "mon 22:00-02:00",
		},
		profile.FieldDatedOpeningTimes: {"2026-13-01 closed", "2026-12-01", "2026-12-01 shut", "25 Dec 2026 closed", "2026-12-01 22:00-02:00"},
	} {
		for _, text := range texts {
			_, err := encode(delivered(profile.Pharmacy, map[profile.Field]string{field: text}))
			require.ErrorContains(t, err, field.String()+": ", text)
		}
	}
}

// TestReadingHours covers the forms that CONTRACT.md "Opening times" names.
func TestReadingHours(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, rows, weekly, dated string }{
		{"none", `[]`, "", ""},
		{
			"any order, split days, the same row twice", `[
			{"Weekday":"Wednesday","OpeningTime":"14:00","ClosingTime":"17:30","OpeningTimeType":"General","IsOpen":true},
			{"Weekday":"Monday","OpeningTime":"09:00","ClosingTime":"17:00","OpeningTimeType":"General","IsOpen":true},
			{"Weekday":"Wednesday","OpeningTime":"09:00","ClosingTime":"13:00","OpeningTimeType":"General","IsOpen":true},
			{"Weekday":"Monday","OpeningTime":"09:00","ClosingTime":"17:00","OpeningTimeType":"General","IsOpen":true}]`,
			"mon 09:00-17:00\nwed 09:00-13:00\nwed 14:00-17:30", "",
		},
		{"closed days with null and empty times", `[
			{"Weekday":"Saturday","OpeningTime":null,"ClosingTime":null,"OpeningTimeType":"General","IsOpen":false},
			{"Weekday":"Sunday","OpeningTime":"","ClosingTime":"","OpeningTimeType":"General","IsOpen":false},
			{"Weekday":"Friday","OpeningTime":"09:00","ClosingTime":"12:00","OpeningTimeType":"General","IsOpen":false}]`, "", ""},
		{
			"both paddings of a day", `[
			{"Weekday":"","OpeningTime":"","ClosingTime":"","OpeningTimeType":"Additional","AdditionalOpeningDate":"Apr  7 2023"},
			{"OpeningTime":"10:00","ClosingTime":"12:00","OpeningTimeType":"Additional","AdditionalOpeningDate":"Apr 08 2023","IsOpen":true},
			{"OpeningTime":"10:00","ClosingTime":"12:00","OpeningTimeType":"Additional","AdditionalOpeningDate":"Apr 9 2023","IsOpen":true},
			{"OpeningTimeType":"Additional","AdditionalOpeningDate":"Apr 09 2023"}]`,
			"", "2023-04-07 closed\n2023-04-08 10:00-12:00\n2023-04-09 10:00-12:00",
		},
		{
			"midnight", `[
			{"Weekday":"Monday","OpeningTime":"00:00","ClosingTime":"24:00","OpeningTimeType":"General","IsOpen":true},
			{"Weekday":"Tuesday","OpeningTime":"8:00","ClosingTime":"00:00","OpeningTimeType":"General","IsOpen":true}]`,
			"mon 00:00-23:59\ntue 08:00-23:59", "",
		},
		{
			"Surgery is never read, Reception is read if there is no General", `[
			{"Weekday":"Monday","OpeningTime":"07:00","ClosingTime":"09:00","OpeningTimeType":"Surgery","IsOpen":true},
			{"Weekday":"Monday","OpeningTime":"08:00","ClosingTime":"18:00","OpeningTimeType":"Reception","IsOpen":true}]`,
			"mon 08:00-18:00", "",
		},
	} {
		p, err := decode([]byte(`{"ODSCode":"FA123","OpeningTimes":` + row.rows + `}`))
		require.NoError(t, err, row.name)
		v := p.values(profile.Pharmacy)
		require.Equal(t, row.weekly, v.Get(profile.FieldOpeningTimes), row.name)
		require.Equal(t, row.dated, v.Get(profile.FieldDatedOpeningTimes), row.name)
		require.True(t, v.States(profile.FieldOpeningTimes) && v.States(profile.FieldDatedOpeningTimes), row.name)
	}
}

// An open row that makes no sense may be the only one of its day: the field is not
// read at all, and the other one is.
func TestHoursThatMakeNoSenseAreNotRead(t *testing.T) {
	t.Parallel()
	period := func(day, opens, closes string) string {
		return `"Weekday":"` + day + `","OpeningTime":` + opens + `,"ClosingTime":` + closes + `,"OpeningTimeType":"General","IsOpen":true`
	}
	weekly := func(more string) string {
		return `{"Weekday":"Monday","OpeningTime":"09:00","ClosingTime":"17:00","OpeningTimeType":"General","IsOpen":true},
			{"OpeningTimeType":"Additional","AdditionalOpeningDate":"Dec 25 2026"},{` + more + `}`
	}
	for name, row := range map[string]struct {
		more string
		want profile.Field
	}{
		"no opening":     {period("Tuesday", `null`, `"17:00"`), profile.FieldOpeningTimes},
		"seconds":        {period("Tuesday", `"09:00:30"`, `"17:00"`), profile.FieldOpeningTimes},
		"the same twice": {period("Tuesday", `"09:00"`, `"09:00"`), profile.FieldOpeningTimes},
		"no day":         {period("", `"09:00"`, `"17:00"`), profile.FieldOpeningTimes},
		"no date":        {`"OpeningTimeType":"Additional","AdditionalOpeningDate":"9/4/2023"`, profile.FieldDatedOpeningTimes},
		"a date without times": {
			`"OpeningTimeType":"Additional","AdditionalOpeningDate":"Dec 24 2026","IsOpen":true`, profile.FieldDatedOpeningTimes,
		},
	} {
		p, err := decode([]byte(`{"ODSCode":"FA123","OpeningTimes":[` + weekly(row.more) + `]}`))
		require.NoError(t, err, name)
		shown := p.shown("FA123", profile.Pharmacy)
		entry := shown.Entries[0]
		require.Equal(t, []profile.Field{row.want}, entry.NotVisible, name)
		require.Equal(t, row.want.String()+": a row of its opening times makes no sense", push.Reasons(shown.Unreadable), name)
		for f, want := range map[profile.Field]string{
			profile.FieldOpeningTimes: "mon 09:00-17:00", profile.FieldDatedOpeningTimes: "2026-12-25 closed",
		} {
			require.Equal(t, f != row.want, entry.Values.States(f), name)
			require.True(t, f == row.want || entry.Values.Get(f) == want, name)
		}
	}
}

func TestNullListsStateNothing(t *testing.T) {
	t.Parallel()
	p, err := decode([]byte(`{"ODSCode":"FA123","OpeningTimes":null,"Services":null,"Contacts":null,"Facilities":null}`))
	require.NoError(t, err)
	v := p.values(profile.Pharmacy)
	for _, f := range []profile.Field{
		profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldServices, profile.FieldFacilities,
		profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite, profile.FieldStatus, profile.FieldType,
	} {
		require.False(t, v.States(f), f)
	}
}
