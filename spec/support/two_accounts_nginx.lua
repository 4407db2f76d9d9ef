-- SPDX-License-Identifier: MIT

return require("spec.support.two_accounts").report
