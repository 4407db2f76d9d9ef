-- SPDX-License-Identifier: MIT

--- The topics of `lofty help`, name -> text; the manual page has them, too.
-- @module lofty.cli.topics

return {
  accounts = [[
A command acts for the account that is named first in this list:

  --account ID       on the command line
  LOFTY_ACCOUNT      in the environment
  LOFTY_API_KEY or LOFTY_ACCESS_TOKEN, a credential in the environment
  .lofty             a file in this directory or one above it, with a line
                     account = ID
  the only account   that is logged in

No command switches the account for all later ones. Before a write, the account
is shown on standard error. Credentials are stored unencrypted in
$XDG_DATA_HOME/lofty/credentials (~/.local/share/lofty/credentials), in files
that only their owner can read. No command takes a secret as an argument.
]],
  environment = [[
LOFTY_ACCOUNT        the account to act for
LOFTY_API_KEY        an API key, used instead of an account that is logged in
LOFTY_ACCESS_TOKEN   an OAuth access token, used likewise; it is not refreshed
LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET, LOFTY_REDIRECT_URI
                     the application, for lofty auth login --oauth
LOFTY_OAUTH_SERVER   vendor or developer: Lofty's server that grants tokens
LOFTY_OAUTH_TOKEN_URL, LOFTY_AUTHORIZE_URL
                     addresses of another token endpoint and consent page
LOFTY_BASE_URL       the API's address, by default https://api.lofty.com
LOFTY_DRY_RUN        1: writes are shown and not sent, as with --dry-run
LOFTY_DEBUG          1: show each request on standard error, without secrets;
                     json: as JSON
LOFTY_REDIS_URL      a Redis server that lofty doctor checks
PAGER                the program that shows tables longer than the window
NO_COLOR             if set, no bold type
XDG_DATA_HOME        credentials are stored below it
]],
  ["exit-codes"] = [[
0    success
1    something failed on this machine: a file, a store, this program
2    wrong arguments, or a request that Lofty rejects as invalid
3    not logged in, or the credential is refused or lacks permission
4    there is no such record
5    the rate limit; with --no-wait, at once
6    no connection, an untrusted certificate, or a timeout
7    Lofty's server failed
8    a write was sent, but no response says whether it was done
9    not confirmed: --yes is missing, or the answer to the question was no
10   some of several items failed
130  interrupted with Ctrl-C
141  the reader of the output closed it, as head does
]],
  fields = [[
The ids in the path come first, then fields as NAME=VALUE:

  lofty leads update 651095960136641 stage=Hot tagsAdd=vip,portal

Booleans are true or false. The items of a list are separated by commas, or the
list is a JSON array. An object is written as JSON, and null is JSON's null. Ids
keep all their digits. --input FILE reads the whole body from a file, --input -
from standard input.

lofty api does not know the types of fields: there numbers, true, false, null
and JSON keep their type, and quotes make text: zipCode='"02134"'.
]],
  output = [[
On a terminal, records are shown as a table that fits the window. Elsewhere the
response is written as JSON. Everything but the result goes to standard error.

  -f FIELDS        only these fields, such as leadId,phones,address.city
  --json FIELDS    JSON with these fields; --json all: with all fields
  --jsonl          JSON, one record a line
  --csv            comma-separated values (RFC 4180): lists with commas,
                   objects as JSON
  --excel          CSV for spreadsheets: cells that a spreadsheet would take for
                   a formula, and ids that it would round, begin with an
                   apostrophe
  --all            the whole list, not one page
  --lua            the same call as a Lua script

A table longer than the window goes through PAGER. Control characters in
records are never written to a terminal. When a call has to wait for the rate
limit, the command says so and waits; with --no-wait it exits with code 5.
]],
}
