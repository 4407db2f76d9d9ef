return require("spec.support.redis_cases").run
