-- SPDX-License-Identifier: MIT

return require("spec.support.shdict_cases").run
