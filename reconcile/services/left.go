package services

import "github.com/profilesync/profilesync/reconcile/runs"

// ExplainLeft gives the changes that an approval leaves out their reasons. The items
// hold what profiles show and people's decisions.
func ExplainLeft(left []Change, items []Item) (explained []Change) {
	at := make(map[ID]Item, len(items))
	for _, item := range items {
		at[item.ID] = item
	}
	for _, c := range left {
		c.Left = c.whyLeft(at[c.Service])
		explained = append(explained, c)
	}
	return explained
}

func (c Change) whyLeft(item Item) runs.LeftReason {
	old, from := c.Old, c.Code
	if shown, site, err := ParseShown(c.Old); err == nil && site != "" {
		old, from = serviceText(shown), site
	}
	reason := runs.LeftTakenBack
	for _, site := range item.Sites {
		switch {
		case site.Held && (site.Code == c.Code || site.Code == c.Leaves):
			return runs.LeftHeld
		case site.Code != from || c.Verb == runs.Missing:
		case site.Row == nil && old != "", site.Row != nil && serviceText(*site.Row) != old:
			reason = runs.LeftEdited
		}
	}
	return reason
}

// Rejection is a person's rejection of a change of one service at one profile. Once
// e-RS says something else it is lifted: the change is no longer silent.
type Rejection struct {
	Site    Site
	Service ID
}

// Lifted returns the rejections that hold no more, since e-RS says something else
// than what was rejected. A service that e-RS does not answer for says nothing.
func Lifted(items []Item) (lifted []Rejection) {
	for _, item := range items {
		if item.Service == nil || item.State != Active && item.State != Gone {
			continue
		}
		for _, site := range item.Sites {
			for _, mark := range site.Marks {
				if mark.Verdict == runs.VerdictRejected && item.contradicts(site, mark.Value) {
					lifted = append(lifted, Rejection{site, item.ID})
				}
			}
		}
	}
	return lifted
}

// contradicts reports whether e-RS says something else of a site than a value that
// was rejected. What was rejected of an absence is a matter of its own.
func (i Item) contradicts(site Site, rejected string) bool {
	shown, _, err := ParseShown(rejected)
	if rejected == markOfAbsence || err != nil {
		return false
	}
	there := i.State != Gone && i.Service.AtSite(site.Code)
	return there == shown.Withdrawn || there && serviceText(i.Service.Shown(i.Specialty)) != rejected
}
