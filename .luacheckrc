std = "min"
cache = false
max_line_length = 120
-- What LuaJIT and the later Luas add, each used only after a look whether it is there.
read_globals = { "jit" }
exclude_files = { "build", "node_modules", "types" }
-- nginx's worker is LuaJIT.
files["lua/lofty/runtime/nginx*"] = { std = "ngx_lua" }
files["lua/lofty/runtime/nginx/*"] = { std = "ngx_lua" }
files["spec"] = { std = "+busted", max_line_length = 150 }
files["lua/lofty/sandbox/server"] = { std = "ngx_lua", max_line_length = 150 }
files["spec/support/nginx"] = { std = "ngx_lua", max_line_length = 150 }
files["bench"] = { max_line_length = 150 }
files["lua/lofty/api/operations"] = { max_line_length = 130 }
files["examples/openresty/leadboard"] = { std = "ngx_lua" }
