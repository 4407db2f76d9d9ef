/*
** terminal.c - luaopen_lofty_terminal: what the command asks of a terminal and
** plain Lua cannot: whether there is one, its width, and typing without echo.
*/
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "compat.h"

static int check_descriptor (lua_State *L) {
  lua_Integer fd = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 0 <= fd && fd <= 2, 1, "0, 1 or 2 expected");
  return (int)fd;
}

/* terminal.is_terminal(fd) -> boolean; fd is 0, 1 or 2 */
static int terminal_is_terminal (lua_State *L) {
  lua_pushboolean(L, isatty(check_descriptor(L)));
  return 1;
}

/* terminal.columns(fd) -> the window's width, or nil when it is unknown */
static int terminal_columns (lua_State *L) {
  struct winsize size;
  if (ioctl(check_descriptor(L), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 0;
  lua_pushinteger(L, size.ws_col);
  return 1;
}

/* terminal.echo(on) -> true | nil, message: whether standard input shows what is typed */
static int terminal_echo (lua_State *L) {
  struct termios settings;
  int on;
  luaL_checktype(L, 1, LUA_TBOOLEAN);
  on = lua_toboolean(L, 1);
  if (tcgetattr(STDIN_FILENO, &settings) == 0) {
    if (on)
      settings.c_lflag |= (tcflag_t)ECHO;
    else
      settings.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0) {
      lua_pushboolean(L, 1);
      return 1;
    }
  }
  lua_pushnil(L);
  lua_pushstring(L, strerror(errno));
  return 2;
}

static const luaL_Reg functions[] = {{"columns", terminal_columns},
                                     {"echo", terminal_echo},
                                     {"is_terminal", terminal_is_terminal},
                                     {NULL, NULL}};

int luaopen_lofty_terminal (lua_State *L) {
  lofty_checkversion(L);
  lua_newtable(L);
  lofty_setfuncs(L, functions, 0);
  return 1;
}
