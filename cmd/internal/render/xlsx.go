package render

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/profilesync/profilesync/reconcile/report"
)

// WriteXLSX writes the whole report as an Excel workbook: a sheet Summary with
// the figures, each linked to its sheet, and the numbers of the charts; then a
// sheet for each section, as a table with filters below a frozen header: all
// columns in the order of CSV, but in words as in the page. Sections with more
// rows than an Excel sheet holds continue in further sheets.
//
// Numbers, dates and times are stored as such, with times in UK time; what
// Excel cannot store (numbers of more than 15 digits, days before March 1900)
// stays text. Texts are strings, never formulas, but are guarded as in CSV: a
// sheet saved as CSV is then as safe, and both files hold the same. A text of
// more than 32,767 characters is cut and says so.
//
// It uses temporary files in the system's folder and removes them; memory does
// not grow with the rows. It fails with the errors of the rows, of these files
// and of w.
func WriteXLSX(w io.Writer, r report.Report) error {
	return writeXLSX(w, r, excelize.TotalRows)
}

func writeXLSX(w io.Writer, r report.Report, rowsPerSheet int) (err error) {
	b, err := newBook(r, rowsPerSheet)
	if err != nil {
		return fmt.Errorf("starting the workbook: %w", err)
	}
	defer func() { err = cmp.Or(err, b.file.Close()) }()
	if err := b.summary(r); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	for i, s := range r.Sections {
		if err := b.section(b.names[i], s); err != nil {
			return err
		}
	}
	return b.write(w)
}

// book is a workbook being written.
type book struct {
	file  *excelize.File
	limit int             // rows of a sheet, including the header
	names []string        // name of the first sheet of each section
	taken map[string]bool // sheet names in lower case
	styles
}

// styles are the ids by which cells refer to their style.
type styles struct{ header, title, link, number, date, clock, lines int }

const summarySheet = "Summary"

func newBook(r report.Report, limit int) (*book, error) {
	b := &book{
		file: excelize.NewFile(), limit: limit,
		taken: map[string]bool{"summary": true, "history": true}, // Excel reserves History
	}
	for _, s := range r.Sections {
		b.names = append(b.names, b.sheetName(cmp.Or(s.Sheet, s.Title, s.Name)))
	}
	frozen := r.Frozen.UTC().Format(time.RFC3339)
	err := b.file.SetDocProps(&excelize.DocProperties{
		Title: title(r.Header), Creator: "profilesync", LastModifiedBy: "profilesync",
		Created: frozen, Modified: frozen, Language: "en-GB",
	})
	if err != nil {
		return nil, err
	}
	if err := b.file.SetSheetName("Sheet1", summarySheet); err != nil {
		return nil, err
	}
	return b, b.addStyles()
}

func (b *book) addStyles() error {
	top := &excelize.Alignment{Vertical: "top"}
	format := func(f string) *string { return &f }
	for _, style := range []struct {
		number *int
		is     excelize.Style
	}{
		{&b.header, excelize.Style{Font: &excelize.Font{Bold: true}}},
		{&b.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 16}}},
		{&b.link, excelize.Style{Font: &excelize.Font{Color: "005EB8", Underline: "single"}}},
		{&b.number, excelize.Style{Alignment: top, NumFmt: 1}},
		{&b.date, excelize.Style{Alignment: top, CustomNumFmt: format("yyyy-mm-dd")}},
		{&b.clock, excelize.Style{Alignment: top, CustomNumFmt: format("yyyy-mm-dd hh:mm:ss")}},
		{&b.lines, excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
	} {
		number, err := b.file.NewStyle(&style.is)
		if err != nil {
			return fmt.Errorf("adding a style: %w", err)
		}
		*style.number = number
	}
	return nil
}

// write writes the parts of the workbook in the order of their names: excelize
// writes sheets in map order, and the same report must give the same bytes.
// excelize's output goes to a file first, so that a large workbook is not held
// in memory.
func (b *book) write(w io.Writer) (err error) {
	spool, err := os.CreateTemp("", "report-*.xlsx")
	if err != nil {
		return fmt.Errorf("spooling the workbook: %w", err)
	}
	defer func() { err = cmp.Or(err, spool.Close(), os.Remove(spool.Name())) }()
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(spool) })
	if err := b.file.Write(io.Discard); err != nil {
		return fmt.Errorf("spooling the workbook: %w", err)
	}
	size, err := spool.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("spooling the workbook: %w", err)
	}
	if err := copySorted(w, spool, size); err != nil {
		return fmt.Errorf("writing the workbook: %w", err)
	}
	return nil
}

func copySorted(w io.Writer, from io.ReaderAt, size int64) error {
	parts, err := zip.NewReader(from, size)
	if err != nil {
		return err
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, part := range parts.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}
