package ods

import (
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// readBoard states ICB and region together or neither of them: a region whose ICB
// is not stated might not be that of the ICB that a profile shows.
func (f *format) readBoard(row columns, record *profile.Record) {
	icb := giving(f.columns, profile.FieldICB)
	if icb.via != "" {
		if b, known := f.known.BoardOf(row.at(icb.number)); known {
			setBoard(record, b)
		}
		return
	}
	region := giving(f.columns, profile.FieldRegion)
	b := Board{ICB: row.at(icb.number), Region: row.at(region.number)}
	icbRead, regionRead := canonical.CheckCode(record, icb.field, b.ICB), canonical.CheckCode(record, region.field, b.Region)
	if icbRead && regionRead {
		setBoard(record, f.agreed(b, record))
	}
}

func setBoard(record *profile.Record, b Board) {
	record.Values.Set(profile.FieldICB, b.ICB)
	record.Values.Set(profile.FieldRegion, b.Region)
}

// agreed puts a region right that is not the one its ICB is in, where that is
// known. Without an ICB there is none.
func (f *format) agreed(b Board, record *profile.Record) Board {
	in := f.known.regionOf(b.ICB)
	switch {
	case b.ICB == "":
		b.Region = ""
	case in != "" && !strings.EqualFold(in, b.Region):
		why := fmt.Sprintf("%s is in region %s, as report %s has it", b.ICB, in, ReportOfCommissioners)
		canonical.Doubt(record, profile.FieldRegion, b.Region, why)
		b.Region = in
	}
	return b
}
