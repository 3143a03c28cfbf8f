package profile_test

import (
	"testing"

	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestSameOpeningTimes(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldOpeningTimes, []pair{
		{"order of lines", "mon 09:00-17:00\ntue 10:00-16:00", "tue 10:00-16:00\nmon 09:00-17:00", true},
		{"touching periods", "mon 09:00-13:00\nmon 13:00-17:00", "mon 09:00-17:00", true},
		{"overlapping periods", "mon 09:00-14:00\nmon 13:00-17:00", "mon 09:00-17:00", true},
		{"a line twice", "mon 09:00-17:00\nmon 09:00-17:00", "mon 09:00-17:00", true},
		{"a blank line", "mon 09:00-17:00\n", "mon 09:00-17:00", true},
		{"two ways to write a whole day", "mon 00:00-00:00\ntue 00:00-23:59", "mon 00:00-23:59\ntue 00:00-00:00", true},
		{"midnight", "mon 20:00-00:00", "mon 20:00-23:59", true},
		{"24:00 is not a time", "mon 20:00-24:00", "mon 20:00-23:59", false},
		{"order of unreadable lines", "b\na", "a\nb", true},
		{"a minute", "mon 09:00-17:00", "mon 09:00-17:01", false},
		{"another day", "mon 09:00-17:00", "tue 09:00-17:00", false},
		{"a lunch break", "mon 09:00-13:00\nmon 13:01-17:00", "mon 09:00-17:00", false},
		{"bank holidays", "mon 09:00-17:00\nbank-holiday 10:00-12:00", "mon 09:00-17:00", false},
		{"split at midnight, which a date may part", "fri 22:00-02:00", "fri 22:00-23:59\nsat 00:00-02:00", false},
		{"24 hours and none", "mon 00:00-00:00", "", false},
		{"a slip and a whole day", "mon 09:00-09:00", "mon 00:00-00:00", false},
		{"an unreadable line", "mon 9-5", "", false},
		{"a key is no line", "fri 22:00-02:00", "fri 22:00-26:00", false},
		{"cleared", "mon 09:00-17:00", "", false},
	})
}

func TestSameDatedOpeningTimes(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldDatedOpeningTimes, []pair{
		{"order of lines", "2026-12-24 09:00-12:00\n2026-12-25 closed", "2026-12-25 closed\n2026-12-24 09:00-12:00", true},
		{"touching periods", "2026-12-24 09:00-12:00\n2026-12-24 12:00-16:00", "2026-12-24 09:00-16:00", true},
		{"closed twice", "2026-12-25 closed\n2026-12-25 closed", "2026-12-25 closed", true},
		{"a past day", "2001-12-25 closed", "", false},
		{"another date", "2026-12-25 closed", "2026-12-26 closed", false},
		{"closed and a time", "2026-12-25 closed", "2026-12-25 09:00-12:00", false},
		{"split at midnight", "2026-12-24 22:00-02:00", "2026-12-24 22:00-23:59\n2026-12-25 00:00-02:00", false},
		{"a contradiction", "2026-12-25 closed\n2026-12-25 09:00-12:00", "2026-12-25 closed", false},
		{"cleared", "2026-12-25 closed", "", false},
	})
}

func TestSameServices(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldServices, []pair{
		{"order", "SRV0559 A\nSRV0560 B", "SRV0560 B\nSRV0559 A", true},
		{"a name beside a code", "SRV0560 Blood pressure check", "SRV0560 NHS blood pressure check service", true},
		{"no name beside a code", "SRV0560", "SRV0560 NHS blood pressure check service", true},
		{"a code's case", "srv0560 A", "SRV0560 A", true},
		{"a code twice", "SRV0560 A\nSRV0560 B", "SRV0560 A", true},
		{"a name without a code", "- Travel clinic", "- TRAVEL  CLINIC.", true},
		{"a code", "SRV0560 A", "SRV0559 A", false},
		{"a code taken away", "SRV0560 A", "- A", false},
		{"another name", "- Travel clinic", "- Sleep clinic", false},
		{"one more", "SRV0560 A\n- B", "SRV0560 A", false},
		{"cleared", "SRV0560 A", "", false},
	})
}

func TestSameFacilities(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldFacilities, []pair{
		{"order", "Car parking: Yes\nToilet: No", "Toilet: No\nCar parking: Yes", true},
		{"case and spacing", "Car parking: Yes", "Car Parking:  yes", true},
		{"one twice", "Toilet: No\nToilet: No", "Toilet: No", true},
		{"a value", "Toilet: No", "Toilet: Yes", false},
		{"another", "Toilet: No", "Shop: No", false},
		{"a value at another", "Toilet: No\nShop: Yes", "Toilet: Yes\nShop: No", false},
		{"cleared", "Toilet: No", "", false},
	})
}

func TestSameEmail(t *testing.T) {
	t.Parallel()
	checkPairs(t, profile.FieldEmail, []pair{
		{"case", "Info@Example.NHS.uk", "info@example.nhs.uk", true},
		{"edges", " info@example.nhs.uk", "info@example.nhs.uk", true},
		{"a dot", "in.fo@example.nhs.uk", "info@example.nhs.uk", false},
		{"cleared", "info@example.nhs.uk", "", false},
	})
}
