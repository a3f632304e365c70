#include "plots/gnuplot.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <system_error>
#include <thread>

#include "plots/svg.h"

namespace tbft::plots {

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

// A file without a name: it leaves nothing behind, and unlike a pipe it cannot fill up.
File temporary() {
  File file(std::tmpfile());
  if (!file) throw std::system_error(errno, std::generic_category(), "cannot make a temporary file for gnuplot");
  return file;
}

std::string content(const File& file) {
  std::rewind(file.get());
  std::string text;
  std::array<char, 1 << 16> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) text.append(buffer.data(), n);
  return text;
}

// Returns gnuplot's status as waitpid() gives it. Kills a gnuplot that hangs (fonts on a dead network, a stopped X server).
int wait_for(pid_t child, std::chrono::milliseconds limit) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (true) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "gnuplot");
    if (std::chrono::steady_clock::now() >= give_up) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  throw NoGnuplot(
      fmt::format("gnuplot was stopped after {} s without a picture; try it by hand: --format gnuplot "
                  "writes the scripts",
                  std::chrono::duration_cast<std::chrono::seconds>(limit).count()));
}

int run_gnuplot(const File& in, const File& out, const File& error, std::chrono::milliseconds limit) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(error.get()), STDERR_FILENO);
  // -d ignores the user's start-up files, which could change a figure.
  std::array<std::string, 3> words{"gnuplot", "-d", "-"};
  std::array<char*, 4> argv{words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "gnuplot", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) throw NoGnuplot("gnuplot is not installed: `apt-get install gnuplot-nox`");
  if (failed != 0) throw std::system_error(failed, std::generic_category(), "cannot start gnuplot");
  return wait_for(child, limit);
}

// Gnuplot writes a whole document for each panel.
std::string svg_parts(std::string_view pictures) {
  std::string result;
  constexpr std::string_view end = "</svg>";
  int n = 0;
  for (std::size_t at = pictures.find(end); at != std::string_view::npos; at = pictures.find(end)) {
    result += svg_part(pictures.substr(0, at + end.size()), fmt::format("{}_", n++));
    pictures.remove_prefix(at + end.size());
  }
  return result;
}

}  // namespace

std::string draw(const Figure& figure, Terminal terminal, std::chrono::milliseconds limit) {
  const File in = temporary(), out = temporary(), error = temporary();
  const std::string script = script_of(figure, terminal);
  if (std::fwrite(script.data(), 1, script.size(), in.get()) != script.size() || std::fflush(in.get()) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot write a script for gnuplot");
  std::rewind(in.get());
  const int status = run_gnuplot(in, out, error, limit);
  std::string picture = content(out);
  if (status != 0 || picture.empty())
    throw std::runtime_error(fmt::format("gnuplot failed at the figure {}: {}", figure.name, content(error).substr(0, 500)));
  if (terminal == Terminal::svg) return svg_file(picture, caption_of(figure));
  return terminal == Terminal::page ? svg_parts(picture) : picture;
}

}  // namespace tbft::plots
