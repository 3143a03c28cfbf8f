package pagetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a page may take, or axe-core on a large one, on a busy machine.
const patience = 2 * time.Minute

// Person is somebody at a browser of their own: its cookies are nobody else's. They press
// and type as people do, and see only what the page says.
type Person struct {
	*Tab

	t      *testing.T
	axe    string
	script bool
}

// NewPerson opens the browser of a person, until the test ends. Without script, the browser
// runs none.
func NewPerson(parent context.Context, t *testing.T, script bool) *Person {
	t.Helper()
	return (&Person{t: t, axe: axe(t), script: script}).open(parent, chromedp.WithNewBrowserContext())
}

// Beside opens another tab of the same browser.
func (p *Person) Beside() *Person {
	p.t.Helper()
	return (&Person{t: p.t, axe: p.axe, script: p.script}).open(p.Tab)
}

func (p *Person) open(parent context.Context, options ...chromedp.ContextOption) *Person {
	p.t.Helper()
	tab, cancel := NewTab(parent, p.t, Views()[2], options...)
	p.t.Cleanup(cancel)
	p.Tab = tab
	if !p.script {
		p.do(scriptless(true)) //nolint:contextcheck // the tab is one
	}
	return p
}

func scriptless(on bool) chromedp.Action[chromedp.Void] {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: on})
}

func (p *Person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.Tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		require.NoError(p.t, err, "%s says: %s", p.Address(), p.Text())
	}
}

// Go opens an address.
func (p *Person) Go(url string) *Person {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
	return p
}

// Press presses the button, or follows the link, that says exactly this, and waits for the
// page that comes.
func (p *Person) Press(text string) *Person {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.Tab, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(called(text))); err != nil {
		require.NoError(p.t, err, "pressing %q; %s says: %s; the browser's console: %v", text, p.Address(), p.Text(), p.Complaints())
	}
	return p
}

func called(text string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf("//*[self::button or self::a or self::summary][normalize-space(.)=%q]", text))
}

// Type types into the field of an id.
func (p *Person) Type(id, text string) *Person {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.ID(id), text))
	return p
}

// Click clicks on what a CSS selector finds, which leads nowhere.
func (p *Person) Click(selector string) *Person {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
	return p
}

// Choose chooses a file in the field of an id.
func (p *Person) Choose(id, file string) *Person {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.ID(id), []string{file}))
	return p
}

// Drop drops a file on what a CSS selector finds, from the desk.
func (p *Person) Drop(selector, file string) *Person {
	p.t.Helper()
	p.do(chromedp.ScrollIntoView(chromedp.CSS(selector)))
	at := Ask[struct{ X, Y float64 }](p.t, p.Tab, fmt.Sprintf(`(() => {
		const b = document.querySelector(%q).getBoundingClientRect();
		return {X: b.x + b.width / 2, Y: b.y + b.height / 2};
	})()`, selector))
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: []string{file}, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
		p.do(command(input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: at.X, Y: at.Y, Data: data}))
	}
	return p
}

// Text is what the page says, with single spaces.
func (p *Person) Text() string {
	p.t.Helper()
	text, err := chromedp.Run(p.Tab, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
	if err != nil { // the page is being left
		return ""
	}
	return strings.Join(strings.Fields(text), " ")
}

// Address is that of the page.
func (p *Person) Address() string {
	p.t.Helper()
	address, err := chromedp.Run(p.Tab, chromedp.Location())
	require.NoError(p.t, err)
	return address
}

// Shows waits until the page says all of these, by itself.
func (p *Person) Shows(texts ...string) *Person {
	p.t.Helper()
	for _, text := range texts {
		if !p.comes(text) {
			require.Contains(p.t, p.Text(), text, p.Address())
		}
	}
	return p
}

func (p *Person) comes(text string) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if strings.Contains(p.Text(), text) {
			return true
		}
	}
	return false
}

// Quiet requires that the browser's console is empty.
func (p *Person) Quiet() *Person {
	p.t.Helper()
	require.Empty(p.t, p.Complaints(), p.Address())
	return p
}

// Inspect looks at the page as it stands, in all Views: axe-core finds nothing, nothing is
// wider than the screen, and nothing was logged. Where the page ran no script, axe-core does.
func (p *Person) Inspect(name string) *Person {
	p.t.Helper()
	return p.inspect(name, false)
}

// InspectForeign looks at a page that we do not write: axe-core finds nothing serious.
func (p *Person) InspectForeign(name string) *Person {
	p.t.Helper()
	return p.inspect(name, true)
}

func (p *Person) inspect(name string, foreign bool) *Person {
	p.t.Helper()
	if !p.script {
		p.do(scriptless(false))
		defer p.do(scriptless(true))
	}
	judge(p.t, p.Tab, name, p.axe, Views(), foreign)
	desk := Views()[2]
	p.do(desk.metrics(), desk.scheme())
	return p.Quiet()
}

// Picture keeps a picture of the page, as Look does.
func (p *Person) Picture(name string) *Person {
	p.t.Helper()
	keepPicture(p.Tab, p.t, name, Views()[2])
	return p
}
