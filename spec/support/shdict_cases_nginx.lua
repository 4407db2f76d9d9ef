return require("spec.support.shdict_cases").run
