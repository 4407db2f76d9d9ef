-- SPDX-License-Identifier: MIT

return require("spec.support.redis_cases").run
