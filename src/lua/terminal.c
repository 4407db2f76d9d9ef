/* SPDX-License-Identifier: MIT */
/*
** terminal.c - luaopen_lofty_terminal: what the command asks of a terminal and
** plain Lua cannot: whether there is one, its size, and typing without echo.
*/
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "compat.h"

/* bytes of a line that is typed; a terminal gives at most 4096 at a time (termios(3)) */
#define MAX_LINE 8192

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

/* terminal.size(fd) -> columns and rows of the window, or nothing when they are unknown */
static int terminal_size (lua_State *L) {
  struct winsize size;
  if (ioctl(check_descriptor(L), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 0;
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
}

/*
** terminal.read_line(echo) -> the next line of standard input without its end, or nil at the end
** of the input. With `echo` false the terminal does not show what is typed. C's functions for
** input go on after a signal; poll does not, so that Ctrl-C ends the wait.
*/
static int terminal_read_line (lua_State *L) {
  char line[MAX_LINE];
  size_t length = 0;
  struct termios before, quiet;
  int hidden, interrupted = 0, ended = 0;
  luaL_checktype(L, 1, LUA_TBOOLEAN);
  hidden = !lua_toboolean(L, 1) && tcgetattr(STDIN_FILENO, &before) == 0;
  if (hidden) {
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= (tcflag_t)ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  while (length < sizeof line) {
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, -1) < 0) {
      interrupted = errno == EINTR;
      break;
    }
    if (read(STDIN_FILENO, line + length, 1) != 1) {
      ended = 1;
      break;
    }
    if (line[length] == '\n') break;
    length++;
  }
  if (hidden) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  if (interrupted) return luaL_error(L, "interrupted!");
  if (ended && length == 0) return 0;
  lua_pushlstring(L, line, length);
  return 1;
}

static const luaL_Reg functions[] = {{"is_terminal", terminal_is_terminal},
                                     {"read_line", terminal_read_line},
                                     {"size", terminal_size},
                                     {NULL, NULL}};

int luaopen_lofty_terminal (lua_State *L) {
  lofty_checkversion(L);
  lofty_newlib(L, functions);
  return 1;
}
