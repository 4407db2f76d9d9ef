-- SPDX-License-Identifier: MIT

--- The patterns that tools/check_patterns.lua lets pass: file -> pattern -> what limits the length of the text.
return {
  ["examples/openresty/leadboard/pages/leads.lua"] = { ["^%s*(.-)%s*$"] = "200 bytes, cut in the same expression" },
  ["examples/openresty/leadboard/settings.lua"] = { ["/+$"] = "APP_URL, from the environment" },
  ["lua/lofty/cli/accounts.lua"] = { ["^(.*)/[^/]*$"] = "a path of the user's" },
  ["lua/lofty/cli/api.lua"] = { ["([^&=]+)=?([^&]*)"] = "an argument of the command" },
  ["lua/lofty/cli/hint.lua"] = { ["^([%w_.]*)%.([%w_]+)$"] = "the name of an operation" },
  ["lua/lofty/cli/modules.lua"] = { ["^(.*)/[^/]*$"] = "a path of the user's" },
  ["lua/lofty/cli/doctor_nginx.lua"] = {
    ["_by_lua_block%s*(%b{})"] = "the user's own nginx.conf", ["\n%s*nameserver%s+(%S+)"] = "/etc/resolv.conf",
  },
  ["lua/lofty/cli/import.lua"] = { ["^(.-)=(%w*)$"] = "an argument of the command" },
  ["lua/lofty/cli/import/rows.lua"] = {
    ["^[^%s@,;<>\"]+@[^%s@,;<>\"]+%.[^%s@,;<>\"]+$"] = "MAX_EMAIL bytes",
    ["^([^,]+),%s*(.+)$"] = "MAX_NAME bytes", ["^(.-)%s+(%S+)$"] = "MAX_NAME bytes",
  },
  ["lua/lofty/cli/main.lua"] = { ["unknown option '%-%-(%w+)'"] = "argparse's message about an argument" },
  ["lua/lofty/cli/operation_catalog.lua"] = { ["^(.+)%.([%w_]+)$"] = "linear: the second part ends at the next dot" },
  ["lua/lofty/cli/table.lua"] = { ["%s+$"] = "a line that was cut to the window" },
  ["lua/lofty/client/settings.lua"] = { ["/+$"] = "the option base_url" },
  ["lua/lofty/http/date.lua"] = {
    ["^(%d%d%d%d)%-(%d%d)%-(%d%d)[t ](%d%d:%d%d:%d%d)%.?%d*%s*(.*)$"] = "MAX_SIZE bytes",
  },
  ["lua/lofty/http/rate_forms.lua"] = {
    ["^([%d.]+)%s*;.-w=(%d+)"] = "MAX_VALUE bytes",
  },
  ["lua/lofty/internal/misuse.lua"] = { ["^(@.*[/\\])internal[/\\][^/\\]*$"] = "the path of this installation" },
  ["lua/lofty/time.lua"] = { ["^%-?%d+%.?%d*$"] = "MAX_SIZE bytes" },
  ["lua/lofty/token.lua"] = { ["^%s*(%d+)%.?%d*%s*$"] = "MAX_NUMBER bytes" },
  ["lua/lofty/webhook.lua"] = { ["^(.*)(%u%l+)$"] = "MAX_BUCKET_NAME bytes" },
}
