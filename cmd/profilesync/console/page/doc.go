// Package page is how the console looks: one layout, and the components that its pages
// are made of, after the NHS service manual. It knows nothing of HTTP or of what the
// pages are about.
//
//	page.go       a page: title, navigation, errors, blocks
//	blocks.go     what stands on a page: texts, figures, summaries, details, links
//	table.go      tables, which are cards on a phone, and their cells
//	form.go       forms and their fields
//	chart.go      bar charts, as SVG without styles of their own
//	render.go     templates and files, embedded
//	layout.tmpl, blocks.tmpl, form.tmpl
//	assets/       the stylesheet and the little script: pages work without it
//
// Nothing here has a style or a script inside the page, so that the strictest policy of
// content holds: style-src 'self'; script-src 'self'.
package page
