package profilepages

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// hasKind reports whether the organisation can be a hospital or a clinic.
func (o *one) hasKind() bool {
	t := profile.OrgType(o.values.Get(profile.FieldType))
	return t == profile.Trust || t == profile.TrustSite
}

// kindSection is for the service desk: no register says whether a site is a hospital.
func (o *one) kindSection() page.Section {
	now := o.values.Get(profile.FieldKind)
	chosen := cmp.Or(o.kind, now)
	return page.Section{ID: "kind", Title: "Hospital or clinic", Blocks: []page.Block{
		page.Summary{{Key: "It is", Value: page.Say(cmp.Or(now, "not said yet"))}},
		page.Details{Summary: "Change it", Open: o.kind+o.kindReason != "", Blocks: []page.Block{page.Form{
			Action: address(o.code), Hidden: []page.Hidden{{Name: "do", Value: "kind"}},
			Fields: []page.Field{
				{Kind: page.OneOf, Name: "kind", Label: "What it is", Options: []page.Option{
					{Value: "hospital", Label: "Hospital", Hint: "People stay overnight", Chosen: chosen == "hospital"},
					{Value: "clinic", Label: "Clinic", Chosen: chosen == "clinic"},
				}},
				{
					Kind: page.OneLine, ID: "kind-reason", Name: "kind-reason", Label: "Why", Value: o.kindReason,
					Hint: "For the audit: only who may see people reads it",
				},
			},
			Buttons: []page.Button{{Text: "Set it"}},
		}}},
	}}
}

func (m room) setKind(r *http.Request) (string, error) {
	code, err := codeOf(r)
	if err != nil {
		return "", err
	}
	kind, reason, wrong := r.PostFormValue("kind"), strings.TrimSpace(r.PostFormValue("kind-reason")), web.WrongErrors(nil)
	if kind != "hospital" && kind != "clinic" {
		wrong = append(wrong, web.WrongError{Field: "kind", Text: "choose hospital or clinic"})
	}
	if reason == "" {
		wrong = append(wrong, web.WrongError{Field: "kind-reason", Text: "say why"})
	}
	if len(wrong) > 0 {
		return "", wrong
	}
	changed, err := m.do.SetKind(r.Context(), code, kind, reason)
	if !changed {
		return address(code) + "?done=kind-was#kind", err
	}
	return address(code) + "?done=kind#kind", err
}
