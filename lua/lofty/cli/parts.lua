-- SPDX-License-Identifier: MIT

--- The parts of the command, in the order in which help lists them: name, module, summary. Without a module, the part
-- is a resource of the API (`lofty.cli.operations`) that has further commands.
-- @module lofty.cli.parts

return {
  { "auth", "auth", "log in and out, show who is logged in" },
  { "api", "api", "call any path of the API" },
  { "export", "export", "write leads and other records to CSV, JSON lines or SQLite" },
  { "import", "import", "create and update leads from a CSV file" },
  { "report", "report", "write an HTML report about leads" },
  { "webhooks", false, "manage subscriptions and failed deliveries" },
  { "sandbox", "sandbox", "run an emulator of Lofty's API on this machine" },
  { "doctor", "doctor", "check the installation, the connection and the credential" },
  { "mcp", "mcp", "serve an assistant over the Model Context Protocol" },
  { "completion", "completion", "print a shell's completion script" },
  { "help", "help", "explain a topic" },
}
