package main

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
)

// completion prints what a shell needs to complete commands, flags and their values.
type completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell."`
}

// Help is shown by --help.
func (*completion) Help() string {
	return `Where it goes:

  bash  source <(profilesync completion bash)     in ~/.bashrc
  zsh   source <(profilesync completion zsh)      in ~/.zshrc, after compinit
  fish  profilesync completion fish | source      in ~/.config/fish/config.fish`
}

var (
	//go:embed completion/bash.sh
	bashScript string
	//go:embed completion/zsh.sh
	zshScript string
	//go:embed completion/fish.fish
	fishScript string
)

// Run prints the script. It asks this program for the words (see completeArgs), so that
// it is right after an update, too.
func (c *completion) Run(out *commands.Printer) error { //nolint:unparam // as kong calls it
	script := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[c.Shell]
	out.Text(script, map[string]string{"shell": c.Shell, "script": script})
	return nil
}

// completeArgs are how the scripts call: the words so far follow, and the last one is
// what is completed.
var completeArgs = []string{"complete", "--"}

// complete prints the words that can follow, a line each, with a tab before what they
// mean.
func complete(to io.Writer, app *kong.Application, words []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	for _, w := range after(app, words[:len(words)-1]).offers(words[len(words)-1]) {
		_, _ = fmt.Fprintf(to, "%s\t%s\n", w.text, w.means) // an error is seen at the end of the program
	}
}

// offered is a word that can follow.
type offered struct{ text, means string }

// place is where a command line has come to.
type place struct {
	node   *kong.Node
	given  []string    // flags
	flag   *kong.Value // whose value comes next; nil if none does
	placed int         // positional arguments so far
}

// after reads the words before the one that is completed.
func after(app *kong.Application, words []string) place {
	p := place{node: app.Node}
	for _, word := range words {
		switch name, _, whole := strings.Cut(word, "="); {
		case word == "=": // bash makes it a word of its own
		case strings.HasPrefix(word, "--"):
			p.given = append(p.given, name)
			if p.flag = p.flagNamed(name); p.flag != nil && (p.flag.IsBool() || whole && name != "") {
				p.flag = nil
			}
		case p.flag != nil:
			if !takesSeveral(p.flag) {
				p.flag = nil
			}
		default:
			p = p.into(word, app)
		}
	}
	return p
}

// takesSeveral says that further words are values of the flag, too (see spread).
func takesSeveral(flag *kong.Value) bool { return slices.Contains(severalValues, "--"+flag.Name) }

// into goes into a command, or past a positional argument. Help is about the words that
// follow it.
func (p place) into(word string, app *kong.Application) place {
	for _, child := range p.node.Children {
		switch {
		case child.Name != word:
		case word == helpCommand && p.node == app.Node:
			return place{node: app.Node}
		default:
			return place{node: child, given: p.given}
		}
	}
	p.placed++
	return p
}

// flags are those that can be given here: the command's own and those of all commands.
func (p place) flags() (all []*kong.Flag) {
	if p.node.DefaultCmd != nil {
		all = slices.Clone(p.node.DefaultCmd.Flags)
	}
	for n := p.node; n != nil; n = n.Parent {
		all = append(all, n.Flags...)
	}
	return slices.DeleteFunc(all, func(f *kong.Flag) bool { return f.Hidden })
}

func (p place) flagNamed(name string) *kong.Value {
	for _, flag := range p.flags() {
		if "--"+flag.Name == name {
			return flag.Value
		}
	}
	return nil
}

// offers are the words that can stand here and begin as the given one does.
func (p place) offers(begun string) (words []offered) {
	if begun == "=" {
		begun = ""
	}
	prefix := ""
	if name, value, whole := strings.Cut(begun, "="); whole && strings.HasPrefix(begun, "--") {
		p.flag, begun, prefix = p.flagNamed(name), value, name+"="
	}
	switch {
	case strings.HasPrefix(begun, "-"):
		words = p.offersOfFlags()
	case p.flag != nil:
		words = valuesOf(p.flag)
	default:
		words = p.offersOfWords()
	}
	words = slices.DeleteFunc(words, func(w offered) bool { return !strings.HasPrefix(w.text, begun) })
	for i := range words {
		words[i].text = prefix + words[i].text
	}
	return words
}

func (p place) offersOfFlags() (words []offered) {
	for _, flag := range p.flags() {
		if name := "--" + flag.Name; flag.IsCumulative() || !slices.Contains(p.given, name) {
			words = append(words, offered{name, flag.Help})
		}
	}
	return words
}

func (p place) offersOfWords() (words []offered) {
	for _, child := range p.node.Children {
		if !child.Hidden && p.placed == 0 { // a word that is no command leads to none
			words = append(words, offered{child.Name, child.Help})
		}
	}
	if p.placed < len(p.node.Positional) {
		words = append(words, valuesOf(p.node.Positional[p.placed])...)
	}
	return words
}

func valuesOf(v *kong.Value) (words []offered) {
	for _, value := range choicesOf(v) {
		words = append(words, offered{value, v.Help})
	}
	return words
}
