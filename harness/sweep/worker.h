// Runs work in a forked process, which shares the memory of data loaded before and answers in lines of text. If it is killed,
// the others and this process continue.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace tbft {

class Worker {
 public:
  using Send = std::function<void(const std::string& line)>;  // sends one line, given without its newline

  // Forks. The child calls `work` and exits without destructors or exit handlers: with 0, or with 1 if `work` throws. It keeps
  // only the standard files open, gets SIGKILL when this process ends, and has only this thread. A thread pool that was used
  // before the fork does not exist in it (GNU OpenMP then hangs). Throws std::system_error.
  explicit Worker(const std::function<void(const Send&)>& work);
  // Kills the process if it still runs.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  pid_t pid() const { return pid_; }
  int fd() const { return fd_; }  // readable when read() has something to do
  // Reads once and appends the complete lines; returns false once the child has closed its end.
  bool read(std::vector<std::string>& lines);
  void signal(int number) const;
  // Waits for the end. Returns an empty text if the child exited with 0, otherwise how it ended: "was ended by signal 9
  // (Killed)".
  std::string wait();

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  std::string torn_;  // a line that is not complete yet
};

}  // namespace tbft
