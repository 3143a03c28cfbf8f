package main

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/cmd/internal/columns"
)

// helpCommand is the name of help, which is about the command that follows it.
const helpCommand = "help"

// help shows help for a command.
type help struct {
	Command []string `arg:"" optional:"" help:"The command, such as runs approve. Default: all commands."`
}

// Run shows what the command shows with --help.
func (h *help) Run(ctx *kong.Context) error {
	of, err := kong.Trace(ctx.Kong, append(h.Command, "--help"))
	if err == nil {
		err = of.Error
	}
	if err != nil {
		return usageError(err)
	}
	return of.PrintUsage(false)
}

// helpWidth is the greatest width of help: longer lines are hard to read.
const helpWidth = 100

// printHelp prints kong's help with a usage line of our own, as wide as the terminal is
// at most.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	to := ctx.Stdout
	width := min(helpWidth, columns.Width(to))
	options.WrapUpperBound = width
	var page bytes.Buffer
	ctx.Stdout = &page
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = to
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(page.String(), "\n")
	node := ctx.Selected()
	if node == nil {
		node = ctx.Model.Node
	}
	_, err = io.WriteString(to, usageLine(node, width)+rest)
	return err
}

// usageLine says how a command is typed, in lines of the given width at most.
func usageLine(node *kong.Node, width int) string {
	const indent = "         "
	var text strings.Builder
	line := "Usage:"
	for _, part := range usageOf(node) {
		if len(line)+1+len(part) > width && strings.TrimSpace(line) != "" {
			text.WriteString(line + "\n")
			line = indent[:len(indent)-1]
		}
		line += " " + part
	}
	text.WriteString(line + "\n")
	return text.String()
}

// usageOf are the parts of how a command is typed. Of alternatives, one is needed where
// they stand in parentheses, and none where they stand in brackets.
func usageOf(node *kong.Node) []string {
	parts := strings.Fields("profilesync " + commandPath(node))
	if len(node.Children) > 0 {
		return append(parts, "<command>", "[flags]")
	}
	values := slices.Clip(node.Positional)
	for _, flag := range node.Flags {
		values = append(values, flag.Value)
	}
	printed := map[string]bool{}
	for _, v := range values {
		switch group := groupOf(v); {
		case group != "" && !printed[group]:
			printed[group] = true
			parts = append(parts, alternatives(values, group))
		case group != "" || v.Flag != nil && !v.Required:
		default:
			parts = append(parts, written(v))
		}
	}
	return append(parts, "[flags]")
}

// commandPath is a command as it is typed: runs approve.
func commandPath(node *kong.Node) string {
	if node.Parent == nil {
		return ""
	}
	return strings.TrimSpace(commandPath(node.Parent) + " " + node.Name)
}

// groupOf names the alternatives that a value is one of; empty for none. The tag either
// is for those that the usage line shows as alternatives although some can be combined.
func groupOf(v *kong.Value) string {
	if v.Flag != nil && len(v.Flag.Xor) > 0 {
		return v.Flag.Xor[0]
	}
	return v.Tag.Get("either")
}

func alternatives(values []*kong.Value, group string) string {
	var parts []string
	required := false
	for _, v := range values {
		if groupOf(v) != group {
			continue
		}
		required = required || v.Flag != nil && v.Required
		parts = append(parts, strings.Trim(written(v), "[]"))
	}
	text := strings.Join(parts, " | ")
	if required {
		return "(" + text + ")"
	}
	return "[" + text + "]"
}

// written is a flag or argument as it is typed.
func written(v *kong.Value) string {
	switch values := choicesOf(v); {
	case v.Flag != nil:
	case v.Required && len(values) > 0 && len(values) <= 3:
		return strings.Join(values, "|")
	default:
		return v.Summary()
	}
	text := "--" + v.Name
	if !v.IsBool() {
		text += " " + placeholder(v)
	}
	if v.IsCumulative() {
		text += " ..."
	}
	return text
}

// placeholder stands for the value of a flag.
func placeholder(v *kong.Value) string {
	if v.Flag.PlaceHolder != "" {
		return v.Flag.PlaceHolder
	}
	return strings.ToUpper(v.Name)
}
