package history

import (
	"fmt"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// ParseInstant parses an instant of the past, such as 2026-11-19T09:00:00Z. A day means
// its end in London; today means now. Nothing after now is believed.
func ParseInstant(text string, now time.Time) (time.Time, error) {
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		day, err := profile.ParseDate(text)
		if err != nil || day.IsZero() {
			return instant, fmt.Errorf("%q: want an instant such as 2026-11-19T09:00:00Z, or a day such as 2026-11-19", text)
		}
		if day == profile.DateIn(now, profile.London()) {
			return now, nil
		}
		y, m, d := day.Time().Date()
		instant = time.Date(y, m, d+1, 0, 0, 0, 0, profile.London()).Add(-time.Nanosecond)
	}
	if instant.After(now) {
		return instant, fmt.Errorf("%s: that has not come yet (it is %s in London)", text, inLondon(now))
	}
	return instant, nil
}
