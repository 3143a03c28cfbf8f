package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
)

// man prints the manual page.
type man struct{}

// Help is shown by --help.
func (*man) Help() string {
	return `In the form of roff, for the program man:

  profilesync man > /usr/local/share/man/man1/profilesync.1`
}

// Run prints the page, from the same model as help and completion.
func (*man) Run(ctx *kong.Context, out *commands.Printer) error { //nolint:unparam // as kong calls it
	page := manPage(ctx.Model)
	out.Text(page, map[string]string{"man": page})
	return nil
}

// manPage is the manual page in roff.
func manPage(app *kong.Application) string {
	var page strings.Builder
	fmt.Fprintf(&page, ".TH PROFILESYNC 1 \"\" \"profilesync %s\"\n", roffText(app.Vars()["version"]))
	page.WriteString(".SH NAME\nprofilesync \\- keeps a directory of health services up to date\n")
	page.WriteString(".SH SYNOPSIS\n.B profilesync\n<command> [flags]\n.SH DESCRIPTION\n" + roffLines(app.Help))
	page.WriteString(".SH FLAGS OF EVERY COMMAND\n")
	manValues(&page, nil, app.Flags)
	page.WriteString(".SH COMMANDS\n")
	for _, command := range app.Leaves(true) {
		manCommand(&page, command)
	}
	return page.String()
}

func manCommand(page *strings.Builder, command *kong.Node) {
	fmt.Fprintf(page, ".SS %s\n", roffText(commandPath(command)))
	page.WriteString(roffLines(command.Help))
	fmt.Fprintf(page, ".PP\n.nf\n%s\n.fi\n", roffText(strings.Join(usageOf(command), " ")))
	if command.Detail != "" {
		page.WriteString(".PP\n" + roffLines(command.Detail))
	}
	manValues(page, command.Positional, command.Flags)
}

func manValues(page *strings.Builder, arguments []*kong.Positional, flags []*kong.Flag) {
	for _, a := range arguments {
		fmt.Fprintf(page, ".TP\n.I %s\n%s", roffText(a.Summary()), roffLines(helpOf(a)))
	}
	for _, f := range flags {
		if !f.Hidden {
			fmt.Fprintf(page, ".TP\n.B %s\n%s", roffText(written(f.Value)), roffLines(helpOf(f.Value)))
		}
	}
}

// roffText is one line of text: backslashes and hyphens are marked.
func roffText(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
}

// roffLines is text of several lines: an empty line is a paragraph, one that begins with
// spaces is kept as it is, and none begins with what roff takes for a request.
func roffLines(text string) string {
	var lines strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		line = roffText(strings.TrimRight(line, "\n"))
		switch {
		case line == "":
			lines.WriteString(".PP\n")
		case strings.HasPrefix(line, " "):
			lines.WriteString(".br\n\\&" + line + "\n.br\n")
		case strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'"):
			lines.WriteString(`\&` + line + "\n")
		default:
			lines.WriteString(line + "\n")
		}
	}
	return lines.String()
}
