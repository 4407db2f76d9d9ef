-- SPDX-License-Identifier: MIT

--- The topics of `lofty help`, name -> text; the manual page has them too.
-- @module lofty.cli.topics

return {
  accounts = [[
The account that a command acts for is, in this order:

  --account ID       on the command line
  LOFTY_ACCOUNT      in the environment
  LOFTY_API_KEY or LOFTY_ACCESS_TOKEN, a credential of the environment
  .lofty             a file in this folder or one above, with a line account = ID
  the only account   that is logged in

There is no switch that changes it for all. Before a write the account is shown
on standard error. Credentials are kept unsealed in
$XDG_DATA_HOME/lofty/credentials (~/.local/share/lofty/credentials), in files
that their owner alone can read. No command takes a secret as an argument.
]],
  environment = [[
LOFTY_ACCOUNT        the account to act for
LOFTY_API_KEY        an API key, used instead of an account that is logged in
LOFTY_ACCESS_TOKEN   an OAuth access token, used likewise; nothing renews it
LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET, LOFTY_REDIRECT_URI
                     the application, for lofty auth login --oauth
LOFTY_OAUTH_SERVER   vendor or developer: which of Lofty's servers grants tokens
LOFTY_BASE_URL       another address than https://api.lofty.com
LOFTY_DEBUG          1: show each request on standard error, without secrets
PAGER                shows tables that are longer than the window
NO_COLOR             set: no bold type
XDG_DATA_HOME        credentials are kept below it
]],
  ["exit-codes"] = [[
0    success
1    a failure of this program or machine (files, stores)
2    wrong arguments, or a request that Lofty calls wrong
3    not logged in, or the credential is not accepted
4    there is no such record
5    the rate limit (with --no-wait at once)
6    no connection, no trust, no time left
7    Lofty failed
8    a write was sent and nothing tells whether it was done
9    needs --yes, or the answer at the prompt was no
10   some of several items failed
130  interrupted
141  the reader of the output ended
]],
  fields = [[
Values of the path come first, fields follow as NAME=VALUE:

  lofty leads update 651095960136641 stage=Hot tagsAdd=vip,portal

true and false are booleans; a list is written with commas, or as a JSON array;
an object as JSON; null is JSON's null. Ids keep all their digits. The whole
body can be read from a file: --input FILE, or --input - for standard input.
With lofty api, where no types are known, numbers, true, false, null and JSON
are sent as such, and quotes force text: zipCode='"02134"'.
]],
  output = [[
On a terminal records are shown as a table that fits the window; elsewhere the
response is written as JSON. Everything that is no result goes to standard
error.

  -f FIELDS        these fields alone, such as leadId,phones or address.city
  --json FIELDS    JSON with these fields, or with all
  --jsonl          one record a line
  --csv            comma-separated values (RFC 4180); lists with commas, objects
                   as JSON. A spreadsheet may round ids: import them as text.
  --all            the whole list, page by page
  --lua            the same call as a Lua script

A table longer than the window goes through PAGER. Control characters in
records are never written to a terminal. When the rate limit asks to wait, the
command waits once and says so; with --no-wait it ends with exit code 5.
]],
}
