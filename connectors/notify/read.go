package notify

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/people"
)

const readPath = "/v2/notifications"

// Find looks a letter up by our reference, before any repeat
// (CONTRACT.md "No de-duplication"). Of several with the same reference it returns
// the newest. Notify forgets letters after 7 days; then they are not found.
//
// Its errors are *people.MailError. Unclear here means: ask again, and do not send
// until there is an answer.
func (c *Client) Find(ctx context.Context, reference string) (mailed people.Acceptance, found bool, err error) {
	page, err := c.page(ctx, url.Values{"template_type": {"email"}, "reference": {reference}})
	if err != nil {
		return people.Acceptance{}, false, err
	}
	for _, receipt := range page.receipts {
		if receipt.Reference == reference {
			return receipt.Acceptance, true, nil
		}
	}
	if page.last != "" { // only an empty list means that there is none (CONTRACT.md "No de-duplication")
		return people.Acceptance{}, false, unclear(http.StatusOK, errOtherReference.Error())
	}
	return people.Acceptance{}, false, nil
}

// List polls the e-mails of the last 7 days, the newest first and at most 250 per
// call. olderThan is the id to continue after, empty at first; next is empty at the
// end. E-mails without a reference are not ours and are left out. Errors are those
// of Find.
func (c *Client) List(ctx context.Context, olderThan string) (receipts []Receipt, next string, err error) {
	query := url.Values{"template_type": {"email"}}
	if olderThan != "" {
		query.Set("older_than", olderThan)
	}
	page, err := c.page(ctx, query)
	if err != nil {
		return nil, "", err
	}
	if page.last == olderThan && olderThan != "" {
		return nil, "", unclear(http.StatusOK, "a page of the list leads to itself")
	}
	return page.receipts, page.last, nil
}

// Status asks for one letter by Notify's id. A letter older than 7 days is not found
// (CONTRACT.md "Looking up"). Errors are those of Find.
func (c *Client) Status(ctx context.Context, id string) (mailed people.Acceptance, found bool, err error) {
	if !isUUID(id) {
		return people.Acceptance{}, false, refusedByUs("its id is not a UUID")
	}
	answer, err := c.get(ctx, readPath+"/"+id, nil)
	if err != nil {
		return people.Acceptance{}, false, err
	}
	if answer.Status == http.StatusNotFound && decodeRefusal(answer.Body).hasOnly(noResultFound) {
		return people.Acceptance{}, false, nil
	}
	if answer.Status != http.StatusOK {
		return people.Acceptance{}, false, c.refused(answer, "status of a letter")
	}
	receipt, err := decodeNotification(answer.Body)
	if err == nil && !strings.EqualFold(receipt.ID, id) {
		err = errOtherReference
	}
	if err != nil {
		return people.Acceptance{}, false, unclear(answer.Status, err.Error())
	}
	return receipt.Acceptance, true, nil
}

func (c *Client) page(ctx context.Context, query url.Values) (page, error) {
	answer, err := c.get(ctx, readPath, query)
	if err != nil {
		return page{}, err
	}
	if answer.Status != http.StatusOK {
		return page{}, c.refused(answer, "list of letters")
	}
	read, err := decodePage(answer.Body)
	if err != nil {
		return page{}, unclear(answer.Status, err.Error())
	}
	return read, nil
}

func (c *Client) get(ctx context.Context, path string, query url.Values) (*httpx.Answer, error) {
	req, err := c.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.read.Fetch(req)
	if err != nil {
		return nil, asReadError(failure(ctx, err))
	}
	return answer, nil
}

// request makes a request with a new token.
func (c *Client) request(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Request, error) {
	text, err := c.options.APIKey()
	if err != nil {
		return nil, alert("the API key cannot be read; nothing was sent")
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, alert("the API key: " + err.Error() + "; nothing was sent")
	}
	token, err := key.token(c.options.Now())
	if err != nil {
		return nil, alert("no token could be made with the API key; nothing was sent")
	}
	address := c.base.JoinPath(path)
	address.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, address.String(), body)
	if err != nil {
		return nil, alert("the address of its API cannot be used; nothing was sent")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	return req, nil
}
