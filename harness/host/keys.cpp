#include "harness/host/keys.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace tbft {

Keys::Keys() {
  // A process in the background would be stopped.
  if (::isatty(STDIN_FILENO) != 1 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;
  if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
  termios single = before_;
  single.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  single.c_cc[VMIN] = 1;
  single.c_cc[VTIME] = 0;
  changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &single) == 0;
}

std::optional<char> Keys::wait(double seconds) {
  pollfd input{.fd = changed_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
  const int ready = ::poll(&input, 1, static_cast<int>(std::ceil(1000 * std::clamp(seconds, 0.0, 1000.0))));
  if (ready <= 0) return std::nullopt;
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}

void Keys::restore() {
  if (std::exchange(changed_, false)) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

}  // namespace tbft
