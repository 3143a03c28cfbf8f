package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// registerTypes lets a connection's statements accept and return the types of the
// core that pgx does not know. The zero profile.Date, profile.Hash and time.Time
// stand for null, in both directions. String types need nothing.
func registerTypes(types *pgtype.Map) {
	types.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{planEncode}, types.TryWrapEncodePlanFuncs...)
	types.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{planScan}, types.TryWrapScanPlanFuncs...)
}

func planEncode(value any) (plan pgtype.WrappedEncodePlanNextSetter, next any, ok bool) {
	next, ok = asStored(value)
	return new(encodePlan), next, ok
}

// asStored returns a value in the form that pgx stores.
func asStored(value any) (stored any, ok bool) {
	switch v := value.(type) {
	case profile.Date:
		return pgtype.Date{Time: v.Time(), Valid: !v.IsZero()}, true
	case profile.Hash:
		if v == (profile.Hash{}) {
			return []byte(nil), true
		}
		return v[:], true
	case time.Time:
		return pgtype.Timestamptz{Time: v, Valid: !v.IsZero()}, true
	default:
		return nil, false
	}
}

type encodePlan struct{ next pgtype.EncodePlan }

func (p *encodePlan) SetNext(next pgtype.EncodePlan) { p.next = next }

func (p *encodePlan) Encode(value any, buf []byte) ([]byte, error) {
	stored, _ := asStored(value)
	return p.next.Encode(stored, buf)
}

func planScan(target any) (plan pgtype.WrappedScanPlanNextSetter, next any, ok bool) {
	switch target.(type) {
	case *profile.Date:
		return &scanDate{}, new(pgtype.Date), true
	case *profile.Hash:
		return &scanHash{}, new([]byte), true
	case *time.Time:
		return &scanTime{}, new(pgtype.Timestamptz), true
	default:
		return nil, nil, false
	}
}

// nextScan is pgx's own scan, whose result a plan here converts to a type of
// the core.
type nextScan struct{ next pgtype.ScanPlan }

func (p *nextScan) SetNext(next pgtype.ScanPlan) { p.next = next }

type scanDate struct{ nextScan }

func (p *scanDate) Scan(src []byte, target any) error {
	var stored pgtype.Date
	err := p.next.Scan(src, &stored)
	if date := target.(*profile.Date); stored.Valid { //nolint:forcetypeassert // planned for it
		*date = profile.DateIn(stored.Time, time.UTC)
	} else {
		*date = profile.Date{}
	}
	return err
}

type scanHash struct{ nextScan }

func (p *scanHash) Scan(src []byte, target any) error {
	var stored []byte
	err := p.next.Scan(src, &stored)
	hash := target.(*profile.Hash) //nolint:forcetypeassert // planned for it
	*hash = profile.Hash{}
	copy(hash[:], stored)
	return err
}

type scanTime struct{ nextScan }

func (p *scanTime) Scan(src []byte, target any) error {
	var stored pgtype.Timestamptz
	err := p.next.Scan(src, &stored)
	*target.(*time.Time) = stored.Time //nolint:forcetypeassert // planned for it
	return err
}
