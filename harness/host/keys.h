// Single keys that a user presses while a command runs.
#pragma once

#include <termios.h>

#include <optional>

namespace tbft {

// Where standard input is a terminal and this process may read it: keys come at once, without Enter, and are not shown. The
// terminal is as before once the object is gone. Elsewhere there are no keys. Ctrl-C is a key here, so that no signal ends the
// program before the terminal is restored.
class Keys {
 public:
  Keys();
  ~Keys() { restore(); }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  bool available() const { return changed_; }
  // Waits so many seconds for a key; nullopt: none came. A signal may end the wait early.
  std::optional<char> wait(double seconds);
  void restore();  // what the destructor does

  // Whether the user wants to end: q, Ctrl-C, Ctrl-D, Ctrl-\, or the terminal is gone.
  static bool ends(char key) { return key == 'q' || key == 'Q' || key == '\x03' || key == '\x04' || key == '\x1c'; }

 private:
  bool changed_ = false;
  termios before_{};
};

}  // namespace tbft
